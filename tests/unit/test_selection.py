"""Choosing among the frozen tasks: by their facts, and by measured difficulty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sandmle_gym
from sandmle_gym.catalogue import suite_lock
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.selection import FILTERS, LEVELS, difficulty, level_bounds, level_of
from sandmle_gym.source import Source

ALL = sandmle_gym.tasks()
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_leaves_exactly_the_tasks_that_have_its_value(name):
    values = {getattr(task, name) for task in ALL}
    parts = [sandmle_gym.tasks(**{name: value}) for value in sorted(values)]
    assert sorted(task.reference for part in parts for task in part) == sorted(
        suite_lock()["tasks"]
    )
    for part in parts:
        assert len({getattr(task, name) for task in part}) == 1


def test_filters_combine_and_the_environment_takes_the_same_ones():
    task = ALL[-1]
    filters = {name: getattr(task, name) for name in ("split", "modality", "metric", "level")}
    assert task in sandmle_gym.tasks(**filters)
    assert task.reference in Source(**filters).frozen()
    assert {t.metric for t in sandmle_gym.tasks(**filters)} == {task.metric}


def test_a_curriculum_rises_in_difficulty_and_holds_every_task():
    ordered = sandmle_gym.tasks(order="difficulty")
    assert [task.difficulty for task in ordered] == sorted(task.difficulty for task in ALL)
    places = [LEVELS.index(task.level) for task in ordered]
    assert places == sorted(places)


def test_every_level_names_a_quarter_of_the_suite():
    for level in LEVELS:
        share = sum(task.level == level for task in ALL) / len(ALL)
        assert 0.2 <= share <= 0.3


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"level": "esay"}, "did you mean easy"),
        ({"metric": "roc_acu"}, "did you mean roc_auc"),
        ({"order": "random"}, "unknown order"),
    ],
)
def test_a_wrong_value_names_its_neighbours(filters, message):
    with pytest.raises(UnknownNameError, match=message):
        sandmle_gym.tasks(**filters)


def test_filters_do_not_go_with_one_task_or_a_stream():
    with pytest.raises(UserError, match="not several of them"):
        Source(card="parcel-claims", level="easy")


def test_difficulty_is_what_skill_leaves_and_does_not_know_the_direction():
    up = [
        ("trivial", 0),
        ("competent", 3),
        ("insight", 6),
        ("insights", 7),
        ("expert", 9),
        ("oracle", 10),
    ]
    down = [(tier, -score) for tier, score in up]
    assert difficulty(up) == difficulty(down) == pytest.approx(1 - (0.3 + 0.6 + 0.9) / 3)


@given(values=SHARES)
def test_every_difficulty_has_a_level_and_levels_rise(values):
    bounds = level_bounds(values)
    assert list(bounds) == list(LEVELS)
    assert list(bounds.values()) == sorted(bounds.values())
    places = [LEVELS.index(level_of(value, bounds)) for value in sorted(values)]
    assert places == sorted(places)
