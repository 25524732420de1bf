"""Laws of the ladder and of its milestones, on plain numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.bundle import TIERS
from sandmle_gym.certify.ladder import Gap, Ladder, Step, milestones

SCALES = st.sampled_from([1e-6, 1e-3, 1.0, 1e3, 1e9])
JUMPS = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5)


def climbing(start, jumps, greater):
    scores = [start]
    for jump in jumps:
        scores.append(scores[-1] + jump)
    steps = tuple(Step(tier, score) for tier, score in zip(TIERS, scores[:5], strict=True))
    return Ladder(steps, Step("oracle", scores[5]), greater)


@given(st.floats(-100, 100), JUMPS, SCALES, st.booleans())
def test_milestones_lie_strictly_between_the_witnesses_that_earn_them(start, jumps, scale, greater):
    ladder = climbing(start * scale, [jump * scale for jump in jumps], greater)
    marks = milestones(ladder)
    signed = [
        ladder.metric_units(mark) for mark in (marks.median, marks.bronze, marks.silver, marks.gold)
    ]
    for gap, mark in zip(ladder.gaps, signed, strict=True):
        assert gap.lower.score < mark < gap.upper.score
        off = abs(mark - (gap.lower.score + gap.upper.score) / 2)
        assert off <= gap.size / 20 * (1 + 1e-9), "a tie of rounding may land on the bound itself"


@given(st.floats(-100, 100), JUMPS, st.booleans())
def test_milestones_climb_in_the_direction_of_the_metric(start, jumps, greater):
    ladder = climbing(start, jumps, greater)
    marks = milestones(ladder)
    order = [marks.trivial, marks.median, marks.bronze, marks.silver, marks.gold, marks.ceiling]
    assert order == sorted(order, reverse=not greater)
    assert len(set(order)) == len(order)


def test_milestones_are_written_with_few_digits(ladder_of):
    marks = milestones(ladder_of((0.5, 0.712345, 0.823456, 0.901234, 0.951234), 0.96))
    assert (marks.median, marks.bronze, marks.silver, marks.gold) == (0.6, 0.77, 0.86, 0.926)


def test_skill_runs_from_trivial_to_the_oracle(ladder_of):
    ladder = ladder_of()
    assert (ladder.skill(0.0), ladder.skill(5.0), ladder.skill(4.0)) == (0.0, 1.0, 0.8)


@pytest.mark.parametrize(
    ("size", "errors"), [(1.0, float("inf")), (-1.0, float("-inf")), (0.0, 0.0)]
)
def test_a_gap_without_noise_counts_by_its_sign(size, errors):
    assert Gap(Step("a", 0.0), Step("b", size)).in_errors == errors


def test_rungs_are_in_metric_units_and_end_with_the_oracle(ladder_of):
    rungs = list(ladder_of((-5.0, -4.0, -3.0, -2.0, -1.0), -0.5, greater=False).rungs())
    assert [rung.tier for rung in rungs] == [*TIERS, "oracle"]
    assert [rung.score for rung in rungs] == [5.0, 4.0, 3.0, 2.0, 1.0, 0.5]
    assert rungs[0].gap_se is None
    assert rungs[1].gap_se == pytest.approx(10.0)
