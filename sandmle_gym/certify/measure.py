"""Measure a task: climb the ladder, place the milestones, try every gate, write the certificate."""

from dataclasses import replace

from sandmle_gym.bundle import Certificate, Gate, TaskBundle
from sandmle_gym.certify import witness
from sandmle_gym.certify.climb import Climber
from sandmle_gym.certify.effortless import EFFORTLESS_GATES
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.gates import LADDER_GATES, marks_between
from sandmle_gym.certify.ladder import Ladder, milestones
from sandmle_gym.certify.leaks import FILE_GATES
from sandmle_gym.certify.libraries import library_versions
from sandmle_gym.errors import UserError
from sandmle_gym.sandbox import Backend
from sandmle_gym.spec import Milestones


def certify(bundle: TaskBundle, backend: Backend, *, stop_early: bool = False) -> TaskBundle:
    """Measure a generated task.

    Args:
        bundle: A draw with witnesses of every tier and an oracle.
        backend: Where the witnesses run.
        stop_early: Leave out the dearer gates once a cheap one has failed, as a search wants it.

    Returns:
        The task with its certificate, certified or not, and with milestones if the witnesses are in
        order (without order there are none to place).

    Raises:
        SandboxError: The sandbox broke.
        UserError: The task has no oracle, or not a valid one.
    """
    if bundle.private.oracle is None:
        raise UserError(
            "this task has no oracle; measure a task made from real data with `real.measure`"
        )
    try:
        evidence = Evidence.of(bundle)
    except UserError as error:
        return attach(bundle, [Gate(name="answers_complete", passed=False, detail=str(error))])
    gates = [gate(evidence) for gate in FILE_GATES]
    if stop_early and not _hold(gates):
        return attach(bundle, gates)
    with witness.desk(backend, bundle.public) as desk:
        climber = Climber(evidence, desk, bundle.private.oracle)
        ladder = climber.climb(stop_early=stop_early)
    gates.append(climber.witnesses_run())
    if ladder is None:
        return attach(bundle, gates)
    gates += [gate(ladder) for gate in LADDER_GATES]
    if not ladder.ordered or (stop_early and not _hold(gates)):
        return attach(bundle, gates, ladder)
    marks = milestones(ladder)
    gates.append(marks_between(ladder, marks))
    median = evidence.metric.signed(marks.median)
    gates += [gate(evidence, median) for gate in EFFORTLESS_GATES]
    return attach(bundle, gates, ladder, marks)


def attach(
    bundle: TaskBundle,
    gates: list[Gate],
    ladder: Ladder | None = None,
    marks: Milestones | None = None,
) -> TaskBundle:
    """Return the task with its certificate: certified only if it got to milestones and all gates hold."""
    certificate = Certificate(
        certified=marks is not None and _hold(gates),
        rungs=tuple(ladder.rungs()) if ladder else (),
        gates=tuple(gates),
        standard_error=ladder.steps[-1].error if ladder else 0.0,
        versions=library_versions(),
    )
    private = replace(bundle.private, milestones=marks, certificate=certificate)
    return replace(bundle, private=private)


def _hold(gates: list[Gate]) -> bool:
    return all(gate.passed for gate in gates)
