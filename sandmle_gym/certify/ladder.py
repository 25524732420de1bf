"""The witness ladder as measured: which score each tier of information reaches, and how surely.

A `Ladder` is a plain value: gates and milestones are functions of it, so they can be stated as laws
about numbers, without a sandbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sandmle_gym.bundle import Rung
from sandmle_gym.spec import Milestones

ORACLE = "oracle"
"""Name of the rung above all witnesses: the Bayes-optimal predictor, which is no program."""


@dataclass(frozen=True)
class Step:
    """One rung. Scores are signed: larger is better, whatever the metric's direction."""

    tier: str
    score: float
    error: float = 0.0
    """Bootstrap standard error of `score`."""
    gap_error: float = 0.0
    """Paired bootstrap standard error of the gap to the step below; 0.0 at the bottom."""
    lead_error: float = 0.0
    """Paired bootstrap standard error of the lead over the bottom step; 0.0 at the bottom."""
    seed_sd: float = 0.0
    """Standard deviation of the score over seeds; 0.0 for a deterministic program."""
    seconds: float | None = None
    """Slowest run of the program, in seconds; None for what is no program."""


@dataclass(frozen=True)
class Gap:
    """The distance between two neighbouring steps."""

    lower: Step
    upper: Step

    @property
    def size(self) -> float:
        """Signed size in metric units; negative where the order is wrong."""
        return self.upper.score - self.lower.score

    @property
    def in_errors(self) -> float:
        """Size in paired standard errors; infinite (with its sign) where the error is zero."""
        if self.upper.gap_error > 0:
            return self.size / self.upper.gap_error
        return float("inf") if self.size > 0 else float("-inf") if self.size < 0 else 0.0

    def __str__(self) -> str:
        return f"{self.lower.tier} < {self.upper.tier}"


@dataclass(frozen=True)
class Ladder:
    """Witnesses from worst to best by the information they use, then the best possible score."""

    steps: tuple[Step, ...]
    oracle: Step
    greater_is_better: bool = True

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps between neighbouring witnesses (the oracle is no witness)."""
        return tuple(Gap(lower, upper) for lower, upper in pairwise(self.steps))

    @property
    def ordered(self) -> bool:
        """True when every witness scores strictly better than the one below."""
        return all(gap.size > 0 for gap in self.gaps)

    def skill(self, score: float) -> float:
        """Place a signed score between trivial (0) and the oracle (1); NaN if those coincide."""
        span = self.oracle.score - self.steps[0].score
        return (score - self.steps[0].score) / span if span else float("nan")

    def metric_units(self, score: float) -> float:
        """Turn a signed score back into the metric's own direction."""
        return score if self.greater_is_better else -score

    def rungs(self) -> Iterator[Rung]:
        """Return the ladder in the words of a certificate, oracle last."""
        below: Step | None = None
        for step in (*self.steps, self.oracle):
            gap_se = Gap(below, step).in_errors if below and step.gap_error > 0 else None
            yield Rung(
                tier=step.tier,
                score=self.metric_units(step.score),
                gap_se=gap_se,
                seconds=step.seconds,
            )
            below = step


def milestones(ladder: Ladder, weight: float = 0.5) -> Milestones:
    """Place each milestone between two neighbouring witnesses, so that its upper one has earned it.

    Difficulty comes from the draw, so `weight` is one half everywhere: with gaps of at least four
    standard errors both witnesses are then two standard errors away from the mark between them.

    Args:
        ladder: Five strictly ordered witnesses.
        weight: Where in the gap the mark lies; 0 is the lower witness, 1 the upper.
    """
    marks = [rounded(gap.lower.score + weight * gap.size, gap.size / 20) for gap in ladder.gaps]
    median, bronze, silver, gold = (ladder.metric_units(mark) for mark in marks)
    return Milestones(
        median=median,
        bronze=bronze,
        silver=silver,
        gold=gold,
        trivial=ladder.metric_units(ladder.steps[0].score),
        ceiling=ladder.metric_units(ladder.oracle.score),
    )


def rounded(value: float, tolerance: float) -> float:
    """Round to the fewest decimals that move the value by at most `tolerance`."""
    for decimals in range(16):
        if abs(round(value, decimals) - value) <= tolerance:
            return round(value, decimals)
    return value
