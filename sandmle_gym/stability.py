"""How sure the medals of a frozen suite are: run its witnesses again, on the task itself and on a new draw.

Three questions, from mild to hard. Would the same predictions be ordered alike on other private rows
(`paired_flips`)? Would they be on the right side of the frozen thresholds (`frozen_flips`)? Do the witnesses,
trained anew, keep their order on another draw of the recipe, all of whose rows are new (`redrawn_order`)?
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.catalogue import open_task
from sandmle_gym.certify import witness
from sandmle_gym.certify.climb import Climber
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.ladder import Ladder
from sandmle_gym.families import draw
from sandmle_gym.sandbox import Backend

MARKS = ("median", "bronze", "silver", "gold")
REDRAW = 1_000_000
"""Added to the attempt of a recipe for another draw of it: no search for a certified draw gets that far."""
_PEAK = """
import resource
with open("peak", "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""
Table = dict[str, Any]


def of_suite(names: Sequence[str], backend: Backend) -> Table:
    """Sum `of_task` up over frozen tasks: rates, medians and worst cases; `broken` names what has none."""
    whole = {name: of_task(open_task(name).bundle, backend) for name in names}
    reports = [report for report in whole.values() if "order" in report]
    broken = {name: found["problems"] for name, found in whole.items() if "order" not in found}
    if not reports:
        return {"tasks": 0, "broken": broken}
    order = np.concatenate([report["order"] for report in reports])
    redrawn = [pair for report in reports for pair in report["redrawn_order"]]
    return {
        "tasks": len(reports),
        "broken": broken,
        "pairs_in_order_99": round(float((order >= 0.99).mean()), 4),
        "paired_flip_rate": round(float(1 - order.mean()), 5),
        "frozen_flip_rate": round(float(np.mean([r["frozen_flips"] for r in reports])), 5),
        "redrawn_pairs": len(redrawn),
        "redrawn_pairs_in_order": round(float(np.mean(redrawn)), 4) if redrawn else None,
        "median_seconds": _over(reports, "seconds", np.median),
        "slowest_seconds": _over(reports, "seconds", max),
        "median_mib": _over(reports, "mib", np.median),
        "largest_mib": _over(reports, "mib", max),
    }


def of_task(bundle: TaskBundle, backend: Backend) -> Table:
    """Run the witnesses of a measured task again.

    Returns:
        For each neighbouring pair of witnesses, or the milestone between them:
        `order`: share of 200 resamples of the private rows in which the pair keeps its order;
        `paired_flips`: the rest, which is the rate of wrong medals against milestones midway between the
        two on the same resample;
        `frozen_flips`: how often one of the two is on the wrong side of the frozen milestone;
        `redrawn_order`: whether each of all ten pairs is in order on a new draw of the recipe (empty for
        a task without one);
        `seconds` and `mib`: the slowest run of each tier, and its peak of resident memory with the 130
        MiB of the warm libraries, which it shares.
        Only `problems` where a witness left no submission.
    """
    climber, ladder = _climb(bundle, backend)
    if ladder is None:
        return {"problems": dict(climber.problems)}
    metric = climber.evidence.metric
    marks = [metric.signed(getattr(bundle.milestones, mark)) for mark in MARKS]
    neighbours = list(pairwise(_resampled(climber)))
    order = [float((low < high).mean()) for low, high in neighbours]
    wrong = [
        float(((low >= mark).mean() + (high < mark).mean()) / 2)
        for (low, high), mark in zip(neighbours, marks, strict=True)
    ]
    return {
        "order": order,
        "paired_flips": [round(1 - share, 4) for share in order],
        "frozen_flips": [round(share, 4) for share in wrong],
        "redrawn_order": _redrawn_order(bundle, backend),
        "seconds": {step.tier: round(step.seconds or 0.0, 3) for step in ladder.steps},
        "mib": _peaks(bundle, backend),
    }


def _climb(bundle: TaskBundle, backend: Backend) -> tuple[Climber, Ladder | None]:
    assert bundle.private.oracle is not None
    with witness.desk(backend, bundle.public) as desk:
        climber = Climber(Evidence.of(bundle), desk, bundle.private.oracle)
        return climber, climber.climb()


def _resampled(climber: Climber) -> list[np.ndarray]:
    """The score of each tier's typical run on every resample, worst tier first."""
    runs = (sorted(climber.runs[tier], key=lambda run: run.score) for tier in climber.tiers)
    return [tier[len(tier) // 2].resampled for tier in runs]


def _redrawn_order(bundle: TaskBundle, backend: Backend) -> list[bool]:
    """Draw the recipe with other random numbers, and say which pairs of witnesses are in order there."""
    spec = bundle.private.spec
    if spec is None:
        return []
    again = draw(spec.model_copy(update={"attempt": spec.attempt + REDRAW}))
    _, ladder = _climb(again, backend)
    if ladder is None:
        return [False] * len(list(combinations(bundle.private.witnesses, 2)))
    return [low.score < high.score for low, high in combinations(ladder.steps, 2)]


def _peaks(bundle: TaskBundle, backend: Backend) -> dict[str, float]:
    """Return the peak of resident memory of every witness in MiB."""
    peaks = {}
    with witness.desk(backend, bundle.public) as desk:
        for tier, program in bundle.private.witnesses.items():
            with desk.open() as sandbox:
                sandbox.run("python", program + _PEAK, seconds=witness.TIMEOUT_SECONDS)
                peak = sandbox.get("peak", max_bytes=32).data or b""
            if peak.isdigit():
                peaks[tier] = round(int(peak) / 1024, 1)
    return peaks


def _over(reports: Sequence[Table], name: str, summary: Any) -> dict[str, float]:
    """Summarise a figure that every tier has."""
    known: dict[str, list[float]] = {}
    for report in reports:
        for tier, value in report[name].items():
            known.setdefault(tier, []).append(value)
    return {tier: round(float(summary(values)), 3) for tier, values in known.items()}
