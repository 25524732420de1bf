"""Gates on a witness ladder: each is a small named function of measured numbers.

The name of a gate is stable (yields are counted by it); its detail carries the figures that decided.
"""

from collections.abc import Callable

from sandmle_gym.bundle import Gate
from sandmle_gym.certify.ladder import Gap, Ladder
from sandmle_gym.spec import Milestones

MIN_GAP_ERRORS = 4.0
"""Neighbouring witnesses are at least this many paired standard errors apart."""
MIN_GAP_SEED_SDS = 3.0
"""… and this many standard deviations over seeds of the noisier of the two."""
MIN_GAP_SKILL = 0.05
"""… and this much of the way from trivial to the oracle."""
MAX_WITNESS_SECONDS = 15.0

LadderGate = Callable[[Ladder], Gate]


def strictly_ordered(ladder: Ladder) -> Gate:
    """Every witness scores better than the one below."""
    scores = " < ".join(
        f"{step.tier} {ladder.metric_units(step.score):.4g}" for step in ladder.steps
    )
    return Gate(name="strictly_ordered", passed=ladder.ordered, detail=scores)


def gaps_exceed_noise(ladder: Ladder) -> Gate:
    """Every gap is at least `MIN_GAP_ERRORS` paired bootstrap standard errors wide."""
    return _smallest("gaps_exceed_noise", ladder, lambda gap: gap.in_errors, MIN_GAP_ERRORS, "s.e.")


def gaps_exceed_seeds(ladder: Ladder) -> Gate:
    """No gap can be bridged by a lucky seed."""

    def seed_sds(gap: Gap) -> float:
        noisier = max(gap.lower.seed_sd, gap.upper.seed_sd)
        return gap.size / noisier if noisier > 0 else float("inf")

    unit = "s.d. over seeds"
    return _smallest("gaps_exceed_seeds", ladder, seed_sds, MIN_GAP_SEED_SDS, unit)


def gaps_matter(ladder: Ladder) -> Gate:
    """Every gap is worth at least `MIN_GAP_SKILL` of the way from trivial to the oracle."""

    def skill(gap: Gap) -> float:
        return ladder.skill(gap.upper.score) - ladder.skill(gap.lower.score)

    return _smallest("gaps_matter", ladder, skill, MIN_GAP_SKILL, "skill")


def below_bayes(ladder: Ladder) -> Gate:
    """No witness beats the oracle by more than one standard error.

    A witness above Bayes means that the oracle is wrong (not decision-optimal for the metric, as
    E[log y] is not for RMSLE) or that the task leaks. With the gap gate it also follows that gold,
    two standard errors below the expert, lies below the oracle.
    """
    best = max(ladder.steps, key=lambda step: step.score)
    excess, error = best.score - ladder.oracle.score, ladder.oracle.gap_error
    detail = f"{best.tier} minus oracle is {excess:.4g}, one standard error is {error:.4g}"
    return Gate(name="below_bayes", passed=excess <= error, detail=detail)


def witnesses_fast(ladder: Ladder) -> Gate:
    """Every witness runs in less than `MAX_WITNESS_SECONDS`."""
    slowest = max(ladder.steps, key=lambda step: step.seconds or 0.0)
    seconds = slowest.seconds or 0.0
    detail = f"slowest is {slowest.tier}: {seconds:.2f} s of {MAX_WITNESS_SECONDS:g} s"
    return Gate(name="witnesses_fast", passed=seconds < MAX_WITNESS_SECONDS, detail=detail)


def marks_between(ladder: Ladder, marks: Milestones) -> Gate:
    """Every milestone lies strictly between the two witnesses that define it, after rounding."""
    values = (marks.median, marks.bronze, marks.silver, marks.gold)
    signed = [value if ladder.greater_is_better else -value for value in values]
    passed = len(signed) == len(ladder.gaps) and all(
        gap.lower.score < mark < gap.upper.score
        for gap, mark in zip(ladder.gaps, signed, strict=False)
    )
    detail = "median {:.6g}, bronze {:.6g}, silver {:.6g}, gold {:.6g}".format(*values)
    return Gate(name="marks_between", passed=passed, detail=detail)


LADDER_GATES: tuple[LadderGate, ...] = (
    strictly_ordered,
    gaps_exceed_noise,
    gaps_exceed_seeds,
    gaps_matter,
    below_bayes,
    witnesses_fast,
)


def hopeless(ladder: Ladder) -> bool:
    """Tell from single runs that more seeds will not help: some gap is below half its noise gate."""
    return any(gap.in_errors < MIN_GAP_ERRORS / 2 for gap in ladder.gaps)


def _smallest(
    name: str, ladder: Ladder, measure: Callable[[Gap], float], least: float, unit: str
) -> Gate:
    worst = min(ladder.gaps, key=measure)
    value = measure(worst)
    detail = f"smallest gap is {worst}: {value:.3g} {unit}, at least {least:g} needed"
    return Gate(name=name, passed=value >= least, detail=detail)
