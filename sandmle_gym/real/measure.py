"""Measure a real task: the same ladder, gates and certificate, and plain words for what cannot be known.

A real task is never certified, because nobody knows the best possible score of real data. Its ceiling
is what the expert program reaches when taught with all rows but those it predicts.
"""

from sandmle_gym.bundle import Gate, TaskBundle
from sandmle_gym.certify import witness
from sandmle_gym.certify.climb import Climber
from sandmle_gym.certify.effortless import EFFORTLESS_GATES
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.gates import (
    gaps_exceed_noise,
    gaps_exceed_seeds,
    strictly_ordered,
    witnesses_fast,
)
from sandmle_gym.certify.ladder import Ladder, milestones, rounded
from sandmle_gym.certify.leaks import FILE_GATES
from sandmle_gym.certify.measure import attach
from sandmle_gym.errors import UserError
from sandmle_gym.real.ceiling import well_taught
from sandmle_gym.sandbox import Backend
from sandmle_gym.spec import Milestones

SKILLS = (0.5, 0.8, 0.95, 0.99)
"""Where median, bronze, silver and gold lie between trivial (0) and the best witness (1) when the
witnesses are not clearly apart, as on small data they rarely are."""

MIN_LEAD_ERRORS = 2.0
"""The best witness leads the trivial one by at least this many paired standard errors."""


def measure(bundle: TaskBundle, backend: Backend) -> TaskBundle:
    """Measure a task made by `from_frame`.

    Milestones lie midway between neighbouring witnesses if those are in order and apart, else at the
    skills of `SKILLS`; the gate `milestones_between_witnesses` says which.

    Returns:
        The task with milestones and a certificate that is not certified and says why.

    Raises:
        UserError: No witness clearly beats the trivial one, or one does not run on this data.
        SandboxError: The sandbox broke.
    """
    evidence = Evidence.of(bundle)
    with witness.desk(backend, bundle.public) as desk:
        climber = Climber(evidence, desk, well_taught(bundle, backend))
        ladder = climber.climb()
    if ladder is None:
        raise UserError(f"a witness does not run on this data: {climber.witnesses_run().detail}")
    apart = [gate(ladder) for gate in (strictly_ordered, gaps_exceed_noise, gaps_exceed_seeds)]
    between = all(gate.passed for gate in apart)
    marks = milestones(ladder) if between else by_skill(ladder)
    marks = marks.model_copy(update={"ceiling": _best_known(ladder)})
    gates = [gate(evidence) for gate in FILE_GATES]
    gates += [climber.witnesses_run(), witnesses_fast(ladder), *apart, _rule(between=between)]
    median = evidence.metric.signed(marks.median)
    gates += [gate(evidence, median) for gate in EFFORTLESS_GATES]
    return attach(bundle, [*gates, _NO_ORACLE], ladder, marks)


def by_skill(ladder: Ladder) -> Milestones:
    """Place milestones on the skill scale between trivial and the best witness; see `SKILLS`.

    Raises:
        UserError: No witness beats the trivial one by more than chance.
    """
    low, top = ladder.steps[0].score, max(ladder.steps, key=lambda step: step.score)
    lead = top.score - low
    marks = [ladder.metric_units(rounded(low + skill * lead, lead / 1000)) for skill in SKILLS]
    if lead <= MIN_LEAD_ERRORS * top.lead_error or len(set(marks)) < len(marks):
        raise UserError(
            "no program predicts the target better than a constant does; "
            "check that it is the right column, or add columns that tell about it"
        )
    return Milestones(
        median=marks[0],
        bronze=marks[1],
        silver=marks[2],
        gold=marks[3],
        trivial=ladder.metric_units(low),
        ceiling=_best_known(ladder),
    )


def _best_known(ladder: Ladder) -> float:
    best = max(step.score for step in (*ladder.steps, ladder.oracle))
    return ladder.metric_units(best)


def _rule(*, between: bool) -> Gate:
    skills = ", ".join(f"{skill:g}" for skill in SKILLS)
    rule = "midway between neighbouring witnesses" if between else f"at the skills {skills}"
    return Gate(
        name="milestones_between_witnesses", passed=between, detail=f"milestones are {rule}"
    )


_NO_ORACLE = Gate(
    name="oracle_known",
    passed=False,
    detail="no oracle: the best possible score of real data is unknown",
)
