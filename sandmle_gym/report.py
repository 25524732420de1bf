"""Measure the quality of a frozen suite: what it covers, how far apart its tasks are, how sure their medals.

It reads the lock and the statements alone; `stability` runs witnesses again. Every figure is a plain number,
so that a report is JSON and can be held against an earlier one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sandmle_gym.catalogue import open_task, suite_lock, tasks
from sandmle_gym.certify import likeness
from sandmle_gym.certify.likeness import NO_DATA
from sandmle_gym.metrics import get_metric
from sandmle_gym.selection import FILTERS, LEVELS, TaskFacts
from sandmle_gym.spec import MetricSpec

Table = dict[str, Any]


def of_lock(names: Sequence[str] | None = None) -> Table:
    """Report on the suite, or on some of its tasks."""
    chosen = [task for task in tasks() if names is None or task.reference in set(names)]
    entries = {task.reference: suite_lock()["tasks"][task.reference] for task in chosen}
    return {
        "tasks": len(chosen),
        "coverage": coverage(chosen),
        "difficulty": spread(chosen),
        "distance": distances(entries),
        "statements": duplicates([task.reference for task in chosen]),
        "no_data": no_data(entries),
        "yields": gate_yields(),
        "leak_probes": leak_probes(),
    }


def coverage(chosen: Sequence[TaskFacts]) -> dict[str, Table]:
    """Count the values of every fact, with the share of the most frequent and the effective number.

    The effective number is the exponential of the entropy: of n equally frequent values, n.
    """
    report = {}
    for name in (*FILTERS, "train_rows"):
        counts = Counter(getattr(task, name) for task in chosen)
        shares = np.array(list(counts.values())) / len(chosen)
        report[name] = {
            "values": len(counts),
            "effective": round(float(np.exp(-(shares * np.log(shares)).sum())), 2),
            "largest_share": round(float(shares.max()), 4),
        }
        if name in ("split", "modality", "metric", "level"):
            report[name]["counts"] = dict(counts.most_common())
    return report


def spread(chosen: Sequence[TaskFacts]) -> Table:
    """Describe the distribution of difficulty, and the bounds that it has at each level."""
    values = np.array([task.difficulty for task in chosen])
    cuts = np.quantile(values, (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1))
    held = {level: [t.difficulty for t in chosen if t.level == level] for level in LEVELS}
    return {
        "quantiles": [round(float(cut), 4) for cut in cuts],
        "levels": {name: [min(known), max(known)] for name, known in held.items() if known},
    }


def distances(entries: Mapping[str, Mapping[str, Any]]) -> Table:
    """Tell how different the ladders of the tasks are.

    The Vendi score (Friedman & Dieng 2023) is the exponential of the entropy of the eigenvalues of the
    similarity matrix, here exp(-squared distance / (2 · median squared distance)).
    """
    names = list(entries)
    squares = likeness.squared_distances(list(entries.values()))
    apart = squares[np.triu_indices(len(names), 1)]
    apart = apart[np.isfinite(apart)]  # other pipelines, no distance
    if not apart.size:
        return {}
    similar = np.exp(-squares / (2 * max(float(np.median(apart)), 1e-12)))
    values = np.clip(np.linalg.eigvalsh(similar / len(names)), 1e-15, None)
    nearest = squares + np.diag(np.full(len(names), np.inf))
    row, column = np.unravel_index(nearest.argmin(), nearest.shape)
    closest = nearest.min(axis=1)
    return {
        "vendi": round(float(np.exp(-(values * np.log(values)).sum())), 2),
        "nearest_median": round(float(np.sqrt(np.median(closest[np.isfinite(closest)]))), 4),
        "nearest_smallest": round(float(np.sqrt(closest.min())), 4),
        "nearest_pair": [names[int(row)], names[int(column)]],
    }


def duplicates(names: Sequence[str]) -> Table:
    """Compare the statements of tasks by TF-IDF cosine, lines that many of them share left out."""
    if len(names) < 2:
        return {}
    opened = (open_task(name).bundle for name in names)  # one at a time: all hold gigabytes
    told = [(bundle.public["description.md"].decode(), bundle.brief.card) for bundle in opened]
    cosines = likeness.cosines(*map(list, zip(*told, strict=True)))
    near = np.argwhere(np.triu(cosines) >= likeness.NEAR)
    return {
        "near_duplicates": len(near),
        "largest_cosine": round(float(cosines.max()), 4),
        "pairs": [[names[row], names[column]] for row, column in near[:10].tolist()],
    }


def no_data(entries: Mapping[str, Mapping[str, Any]]) -> Table:
    """Tell what submissions earn that look at no feature.

    `skill` is each one's median share of the way from trivial to the oracle; `reach_median` names the
    tasks in which one of them reaches the median milestone.
    """
    measured = {name: entry for name, entry in entries.items() if entry.get("leaderboard")}
    reached: list[str] = []
    skills: dict[str, list[float]] = {key: [] for key in NO_DATA}
    for name, entry in measured.items():
        metric = get_metric(MetricSpec.model_validate(entry["metric"]))
        blind = {key: entry["leaderboard"][key] for key in NO_DATA if key in entry["leaderboard"]}
        if max(map(metric.signed, blind.values())) >= metric.signed(entry["milestones"]["median"]):
            reached.append(name)
        scores = dict(entry["certificate"]["rungs"])
        for key, score in blind.items():
            way = scores["oracle"] - scores["trivial"]
            skills[key].append((score - scores["trivial"]) / way)
    return {
        "measured": len(measured),
        "reach_median": reached,
        "skill": {key: round(float(np.median(known)), 4) for key, known in skills.items() if known},
    }


def leak_probes() -> dict[str, int]:
    """Name the gates that look for leaks and free rewards, with the draws that each one turned away."""
    from sandmle_gym.certify.effortless import EFFORTLESS_GATES
    from sandmle_gym.certify.leaks import FILE_GATES

    failures = gate_yields()["failures"]
    names = [gate.__name__ for gate in (*FILE_GATES, *EFFORTLESS_GATES)]
    return {name: failures.get(name, 0) for name in names}


def gate_yields() -> Table:
    """Return the yield of the freeze, for each card and over all, and the gates that cost it."""
    yields = suite_lock().get("yields", {})
    attempts = sum(counts["attempts"] for counts in yields.values())
    certified = sum(counts["certified"] for counts in yields.values())
    failures: Counter[str] = Counter()
    for counts in yields.values():
        failures.update(counts["failures"])
    shares = {card: round(c["certified"] / c["attempts"], 3) for card, c in yields.items()}
    return {
        "attempts": attempts,
        "certified": certified,
        "share": round(certified / max(attempts, 1), 3),
        "failures": dict(failures.most_common()),
        "cards": dict(sorted(shares.items(), key=lambda item: item[1])),
    }
