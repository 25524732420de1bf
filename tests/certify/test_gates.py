"""Every gate passes where its law holds, and fails with its own name and figures where it does not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.certify import gates
from sandmle_gym.certify.ladder import milestones

BAD = {
    "strictly_ordered": {"scores": (0.0, 2.0, 1.0, 3.0, 4.0)},
    "gaps_exceed_noise": {"error": 0.3},
    "gaps_exceed_seeds": {"seed_sd": 0.4},
    "gaps_matter": {"oracle": 25.0},
    "below_bayes": {"oracle": 3.8},
    "witnesses_fast": {},
}


@pytest.mark.parametrize("gate", gates.LADDER_GATES, ids=lambda gate: gate.__name__)
def test_a_good_ladder_passes(ladder_of, gate):
    assert gate(ladder_of()).passed


@pytest.mark.parametrize("gate", gates.LADDER_GATES, ids=lambda gate: gate.__name__)
def test_a_bad_ladder_fails_the_gate_of_its_flaw(ladder_of, gate, monkeypatch):
    if gate is gates.witnesses_fast:
        monkeypatch.setattr(gates, "MAX_WITNESS_SECONDS", 0.4)
    result = gate(ladder_of(**BAD[gate.__name__]))
    assert not result.passed
    assert result.name == gate.__name__
    assert any(char.isdigit() for char in result.detail)


def test_a_gap_of_exactly_four_errors_is_wide_enough(ladder_of):
    assert gates.gaps_exceed_noise(ladder_of(error=0.25)).passed


def test_equal_witnesses_are_not_ordered(ladder_of):
    assert not gates.strictly_ordered(ladder_of((0.0, 1.0, 1.0, 2.0, 3.0))).passed


def test_an_oracle_no_better_than_trivial_fails_instead_of_dividing_by_zero(ladder_of):
    gate = gates.gaps_matter(ladder_of((1.0, 1.0, 1.0, 1.0, 1.0), oracle=1.0))
    assert not gate.passed


def test_the_expert_may_beat_the_oracle_by_noise(ladder_of):
    assert gates.below_bayes(ladder_of(oracle=3.95)).passed


@given(st.lists(st.floats(-3, 3), min_size=5, max_size=5))
def test_no_ladder_of_numbers_crashes_a_gate(ladder_of, scores):
    ladder = ladder_of(tuple(scores))
    for gate in gates.LADDER_GATES:
        assert isinstance(gate(ladder).passed, bool)


@given(st.floats(0.01, 1.0), st.floats(1.01, 3.0))
def test_more_noise_never_helps(ladder_of, error, factor):
    quiet, loud = (ladder_of(error=value) for value in (error, error * factor))
    assert gates.gaps_exceed_noise(quiet).passed or not gates.gaps_exceed_noise(loud).passed


def test_marks_outside_their_gap_are_refused(ladder_of):
    ladder = ladder_of()
    marks = milestones(ladder)
    assert gates.marks_between(ladder, marks).passed
    assert not gates.marks_between(ladder, marks.model_copy(update={"gold": 4.0})).passed


@pytest.mark.parametrize(("error", "hopeless"), [(0.25, False), (0.49, False), (0.51, True)])
def test_a_gap_below_half_the_noise_gate_is_hopeless(ladder_of, error, hopeless):
    assert gates.hopeless(ladder_of(error=error)) is hopeless


def test_a_wrong_order_is_hopeless(ladder_of):
    assert gates.hopeless(ladder_of((0.0, 1.0, 0.9, 2.0, 3.0), error=0.0))
    assert math.isinf(ladder_of(error=0.0).gaps[0].in_errors)
