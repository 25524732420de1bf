"""Laws of rewards: the exact figures of the paper and of the release, for every tier."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.grading import Grade, Problem, medal_of, share_beaten
from sandmle_gym.metrics import get_metric
from sandmle_gym.rewards import Reward, get_reward, reward_names
from sandmle_gym.spec import MEDALS, MetricSpec, Milestones

HIGHER, LOWER = get_metric(MetricSpec(name="roc_auc")), get_metric(MetricSpec(name="rmse"))
UP = Milestones(median=0.6, bronze=0.7, silver=0.8, gold=0.9, trivial=0.5, ceiling=1.0)
DOWN = Milestones(median=0.4, bronze=0.3, silver=0.2, gold=0.1, trivial=0.5, ceiling=0.0)
INVALID = Grade.refused(Problem("empty", "The file has no rows."))
CASES = [(HIGHER, UP), (LOWER, DOWN)]
DIRECTIONS = pytest.mark.parametrize(("metric", "marks"), CASES, ids=["higher", "lower"])

#             invalid  none  median bronze silver gold   of a file with format rate 0
TABLE = {
    "paper": (0.0, 0.3, 0.4, 0.6, 0.8, 0.9),
    "release": (0.0, 0.2, 0.3, 0.7, 0.8, 0.9),
    "sparse": (0.0, 0.0, 0.0, 0.0, 0.0, 0.9),
    "score": (0.0, 0.1, 0.2, 0.4, 0.6, 0.8),
    "rank": (0.0, 0.25, 0.375, 0.5, 0.875, 1.0),
}


def graded(score, metric, marks):
    board = [0.5, 0.6, 0.75, 0.8] if metric is HIGHER else [0.5, 0.4, 0.25, 0.2]
    beaten = share_beaten(score, metric, board)
    return Grade(True, score, medal_of(score, metric, marks), None, "", beaten=beaten)


def tiers(metric, marks):
    """One grade per tier: invalid, just above trivial, and each milestone met exactly."""
    worst = marks.trivial + 0.05 if metric is HIGHER else marks.trivial - 0.05
    scores = [worst, *(getattr(marks, medal) for medal in MEDALS[1:])]
    return [INVALID, *(graded(score, metric, marks) for score in scores)]


@DIRECTIONS
@pytest.mark.parametrize("name", TABLE)
def test_every_tier_earns_its_figure(name, metric, marks):
    for grade, total in zip(tiers(metric, marks), TABLE[name], strict=True):
        assert get_reward(name)(grade, marks, metric, 0.0).total == pytest.approx(total)


def test_every_reward_has_its_table():
    assert set(TABLE) == set(reward_names())


@DIRECTIONS
@pytest.mark.parametrize("name", ["paper", "release", "sparse"])
def test_a_well_formed_dialogue_earns_a_tenth_in_any_tier(name, metric, marks):
    reward = get_reward(name)
    for grade in tiers(metric, marks):
        bare = reward(grade, marks, metric, 0.0).total
        assert reward(grade, marks, metric, 0.5).total == pytest.approx(bare + 0.05)
    assert reward(tiers(metric, marks)[-1], marks, metric, 1.0).total == pytest.approx(1.0)


@DIRECTIONS
@pytest.mark.parametrize("name", reward_names())
@given(data=st.data())
def test_rewards_lie_in_0_to_1_sum_their_parts_and_grow_with_the_score(name, metric, marks, data):
    low, high = sorted(data.draw(st.tuples(st.floats(-2, 2), st.floats(-2, 2))), key=metric.signed)
    rate, reward = data.draw(st.floats(0, 1)), get_reward(name)
    worse, better = (reward(graded(s, metric, marks), marks, metric, rate) for s in (low, high))
    for paid in (worse, better, reward(INVALID, marks, metric, rate)):
        assert 0 <= paid.total <= 1 + 1e-12
        assert paid.total == pytest.approx(math.fsum(paid.parts.values()))
    assert reward(INVALID, marks, metric, rate).total <= worse.total <= better.total


@DIRECTIONS
def test_the_score_reward_is_cut_at_both_ends(metric, marks):
    reward = get_reward("score")
    assert reward(graded(marks.ceiling, metric, marks), marks, metric, 0.0).total == 1
    assert reward(graded(marks.trivial, metric, marks), marks, metric, 0.0).total == 0
    beyond = 2 * marks.trivial - marks.ceiling
    assert reward(graded(beyond, metric, marks), marks, metric, 0.0).total == 0


def test_where_trivial_and_best_coincide_reaching_it_earns_all():
    flat = UP.model_copy(update={"trivial": 1.0})
    reward = get_reward("score")
    assert reward(graded(1.0, HIGHER, flat), flat, HIGHER, 0.0).total == 1
    assert reward(graded(0.9, HIGHER, flat), flat, HIGHER, 0.0).total == 0


@DIRECTIONS
def test_a_score_equal_to_a_milestone_earns_it_and_a_hair_less_does_not(metric, marks):
    worse = -1e-9 if metric is HIGHER else 1e-9
    for below, medal in itertools.pairwise(MEDALS):
        mark = getattr(marks, medal)
        assert medal_of(mark, metric, marks) == medal
        assert medal_of(mark + worse, metric, marks) == below


def test_milestones_that_coincide_give_the_best_of_them():
    same = Milestones(median=1, bronze=1, silver=1, gold=1, trivial=0, ceiling=1)
    assert medal_of(1.0, HIGHER, same) == "gold"


def test_a_function_of_ones_own_may_return_a_number_or_a_reward():
    grade = graded(0.75, HIGHER, UP)

    def mine(grade, milestones, metric, format_rate):
        return grade.score - milestones.trivial

    assert get_reward(mine)(grade, UP, HIGHER, 1.0) == Reward.of(mine=0.25)
    assert get_reward(lambda *_: Reward.of(a=1, b=2))(grade, UP, HIGHER, 1.0).total == 3


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "much"])
def test_a_reward_that_is_no_finite_number_is_an_error(value):
    with pytest.raises(UserError, match="returned"):
        get_reward(lambda *_: value)(INVALID, UP, HIGHER, 1.0)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_format_rate_outside_0_to_1_is_an_error(rate):
    with pytest.raises(UserError, match="format rate"):
        get_reward("paper")(INVALID, UP, HIGHER, rate)


def test_a_rank_needs_a_leaderboard():
    assert share_beaten(0.7, HIGHER, []) is None
    bare = Grade(True, 0.7, "none", None, "")
    with pytest.raises(UserError, match="no leaderboard"):
        get_reward("rank")(bare, UP, HIGHER, 1.0)


def test_an_unknown_reward_names_its_neighbours():
    with pytest.raises(UnknownNameError, match="did you mean sparse"):
        get_reward("sparce")
