"""The quality report: figures that follow from the lock, and alarms that ring."""

import copy
import json
import math

import pytest

from sandmle_gym import report
from sandmle_gym.catalogue import suite_lock, tasks
from sandmle_gym.certify import likeness

SOME = list({task.card: task.reference for task in tasks()}.values())[::6]
"""Of every sixth card one task."""


@pytest.fixture(scope="module")
def figures():
    return report.of_lock(SOME)


def test_a_report_is_plain_json_on_any_part_of_the_suite(figures):
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["tasks"] == len(SOME)
    assert sum(figures["coverage"]["split"]["counts"].values()) == len(SOME)


def test_statements_of_different_cards_are_no_near_duplicates_and_a_copy_is_one(figures):
    again = report.duplicates([*SOME, SOME[0]])
    assert figures["statements"]["near_duplicates"] == 0
    assert [SOME[0], SOME[0]] in again["pairs"]


def test_a_suite_of_copies_has_a_vendi_score_of_one_and_of_more_kinds_a_larger_one():
    entries = {name: suite_lock()["tasks"][name] for name in SOME}
    copies = {f"copy-{k}": entries[SOME[0]] for k in range(5)}
    assert report.distances(copies)["vendi"] == 1.0
    assert 1 < report.distances(entries)["vendi"] <= len(SOME)
    assert report.distances(entries | copies)["nearest_smallest"] == 0.0


def test_a_task_that_is_solved_without_data_is_named():
    entry = copy.deepcopy(dict(suite_lock()["tasks"][SOME[0]]))
    entry["leaderboard"] = {"mean": entry["milestones"]["trivial"]}
    honest = report.no_data({"honest": entry})
    assert (honest["measured"], honest["reach_median"]) == (1, [])
    assert honest["skill"]["mean"] == pytest.approx(0, abs=1e-4)
    solved = entry | {"leaderboard": {"mean": entry["milestones"]["gold"]}}
    assert report.no_data({"solved": solved})["reach_median"] == ["solved"]


def test_even_coverage_is_as_effective_as_it_has_values():
    shown = report.coverage(tasks())
    for counts in shown.values():
        assert 1 <= counts["effective"] <= counts["values"] + 0.01


def test_no_task_of_the_suite_is_solved_without_looking_at_its_data():
    assert report.no_data(suite_lock()["tasks"])["reach_median"] == []


def test_no_two_tasks_of_the_suite_have_the_same_ladder():
    assert report.distances(suite_lock()["tasks"])["nearest_smallest"] >= likeness.APART


def test_tasks_with_other_pipelines_have_no_distance():
    one, two, three = list(suite_lock()["tasks"].values())[:3]
    lonely = one | {"leaderboard": {}}
    assert report.distances({}) == report.distances({"one": one}) == {}
    assert report.distances({"one": one, "lonely": lonely}) == {}
    found = report.distances({"one": one, "lonely": lonely, "two": two, "three": three})
    assert "lonely" not in found["nearest_pair"]
    assert math.isfinite(found["nearest_median"])


@pytest.mark.slow
def test_statements_of_the_suite_are_apart():
    assert report.duplicates(list(suite_lock()["tasks"]))["pairs"] == []
