"""Whatever is too near to an earlier task of a suite is found, and nothing else."""

import copy

import pytest

from sandmle_gym.catalogue import suite_lock
from sandmle_gym.certify.likeness import APART, cosines, squared_distances, too_near

WORDS = ("amber", "birch", "cedar", "dune", "ember", "fern")


@pytest.fixture
def entries():
    """Lines of a lock whose ladders are far apart, all of one card."""
    shelf = {line["card"]: line for line in suite_lock()["tasks"].values()}
    lines = [line | {"card": "a-card"} for line in list(shelf.values())[: len(WORDS)]]
    assert too_near(lines, statements()) == set()
    return lines


def statements():
    """Statements that share most of their lines, and each have one of their own."""
    boilerplate = "## Files\ntrain.csv\ntest.csv\n"
    return [f"{boilerplate}{word}\n" for word in WORDS]


def test_of_two_tasks_with_one_ladder_the_later_goes(entries):
    entries[4] = copy.deepcopy(entries[1])
    assert squared_distances(entries)[1, 4] == 0
    assert too_near(entries, statements()) == {4}


def test_a_ladder_just_far_enough_stays(entries):
    for step, goes in ((0.9, {4}), (1.1, set())):
        entries[4] = copy.deepcopy(entries[1])
        rungs = dict(entries[4]["certificate"]["rungs"])
        way = rungs["oracle"] - rungs["trivial"]
        rungs["expert"] = dict(entries[1]["certificate"]["rungs"])["expert"] - step * APART * way
        entries[4]["certificate"]["rungs"] = list(rungs.items())
        assert too_near(entries, statements()) == goes


def test_of_two_tasks_with_one_statement_the_later_goes(entries):
    told = statements()
    told[5] = told[0]
    assert cosines(told, ["a-card"] * 6)[0, 5] == pytest.approx(1)
    assert too_near(entries, told) == {5}


def test_what_goes_itself_sends_nobody_away(entries):
    """One that is near to a task that is drawn again need not be near to the new draw."""
    entries[3] = copy.deepcopy(entries[2])
    told = statements()
    told[4] = told[3]
    assert too_near(entries, told) == {3}


def test_statements_of_boilerplate_alone_are_alike(entries):
    told = statements()
    told[1] = told[2] = told[3] = told[0]
    assert too_near(entries, told) == {1, 2, 3}
    assert too_near(entries, [told[0]] * 6) == {1, 2, 3, 4, 5}
