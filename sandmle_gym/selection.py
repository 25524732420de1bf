"""Facts of frozen tasks and how to choose among them: by split, modality, metric, domain, card, difficulty.

Difficulty is measured, not asserted: 1 minus the mean skill (share of the way from trivial to the best
possible score) of the competent, the one-insight and the expert witness. Where plain work already gets
far a task is easy; where even the expert stays far below the ceiling it is not. Levels are the quarters of
the suite's own distribution, so that each names as many tasks; their bounds stand in the lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandmle_gym.errors import UnknownNameError

LEVELS = ("easy", "moderate", "hard", "extreme")
"""Named quarters, easiest first."""
MEASURED_TIERS = ("competent", "insight", "expert")
FILTERS = ("split", "modality", "metric", "level", "card", "domain")


@dataclass(frozen=True)
class TaskFacts:
    """What is known of a frozen task without opening it."""

    reference: str
    title: str
    split: str
    card: str
    modality: str
    domain: str
    metric: str
    train_rows: int
    difficulty: float
    """From 0 (plain work reaches the ceiling) to 1 (nothing known gets far)."""
    level: str

    @property
    def id(self) -> str:
        """The Gymnasium id."""
        return f"SandMLE/{self.reference}"


def difficulty(rungs: Iterable[Sequence[Any]]) -> float:
    """Measure the difficulty of a task from its ladder.

    Args:
        rungs: (tier, score), the trivial witness first and the oracle last.
    """
    scores = {str(tier): float(score) for tier, score in rungs}
    low, top = scores["trivial"], scores["oracle"]
    skills = [(scores[tier] - low) / (top - low) for tier in MEASURED_TIERS]
    return round(1 - sum(min(max(skill, 0.0), 1.0) for skill in skills) / len(skills), 4)


def level_bounds(difficulties: Iterable[float]) -> dict[str, float]:
    """Return the largest difficulty of each level: the quarters of these; the last is always 1."""
    ordered = sorted(difficulties)
    if not ordered:
        return {}
    cuts = [ordered[max(len(ordered) * quarter // 4 - 1, 0)] for quarter in (1, 2, 3)]
    return dict(zip(LEVELS, [*cuts, 1.0], strict=True))


def level_of(value: float, bounds: Mapping[str, float]) -> str:
    """Return the level of a difficulty."""
    return next(level for level, most in bounds.items() if value <= most)


def select(
    tasks: Iterable[TaskFacts], *, order: str = "suite", **filters: str | None
) -> list[TaskFacts]:
    """Return the tasks that have every value asked for.

    Args:
        tasks: All tasks.
        order: "suite", or "difficulty" for a curriculum: easiest first.
        filters: Names of `FILTERS`; None admits all.

    Raises:
        UnknownNameError: A filter or order has an unknown name, or no task has such a value.
    """
    if order not in ("suite", "difficulty"):
        raise UnknownNameError("order", order, ("suite", "difficulty"))
    chosen = whole = list(tasks)
    for name, value in filters.items():
        if name not in FILTERS:
            raise UnknownNameError("filter", name, FILTERS)
        if value is None:
            continue
        known = sorted({getattr(task, name) for task in whole})
        if value not in known:
            raise UnknownNameError(name, value, known)
        chosen = [task for task in chosen if getattr(task, name) == value]
    return sorted(chosen, key=lambda task: task.difficulty) if order == "difficulty" else chosen
