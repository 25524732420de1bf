"""A frozen suite is certified again: what still holds is said once and kept, what does not is named."""

from dataclasses import replace

import pytest

from sandmle_gym.certify import certify
from sandmle_gym.certify.recertify import recertify
from sandmle_gym.errors import LockMismatchError


@pytest.fixture
def frozen(good, session_replay):
    return certify(good, session_replay)


def judge(frozen, replay, folder, opened=None):
    return list(
        recertify(["task-000"], opened or (lambda name: frozen), replay, journal=folder / "journal")
    )


def test_a_task_that_still_holds_has_no_problem_and_is_not_measured_twice(frozen, replay, tmp_path):
    (verdict,) = judge(frozen, replay, tmp_path)
    assert not verdict.problems
    assert replay.runs
    replay.runs.clear()
    assert judge(frozen, replay, tmp_path) == [verdict]
    assert not replay.runs


def test_a_journal_of_another_draw_or_cut_short_is_not_believed(frozen, replay, tmp_path):
    judge(frozen, replay, tmp_path)
    journal = tmp_path / "journal"
    journal.write_text(journal.read_text().replace(frozen.digest, "0" * 64) + '{"name": "ta')
    replay.runs.clear()
    judge(frozen, replay, tmp_path)
    assert replay.runs


def test_a_milestone_that_moved_is_named(frozen, replay, tmp_path):
    marks = frozen.milestones.model_copy(update={"gold": frozen.milestones.gold * 2})
    moved = replace(frozen, private=replace(frozen.private, milestones=marks))
    (verdict,) = judge(moved, replay, tmp_path)
    assert verdict.problems[0].startswith("gold moved")


def test_another_draw_is_a_problem_and_no_crash(frozen, replay, tmp_path):
    def opened(name):
        raise LockMismatchError(f"{name}: this machine draws another task")

    (verdict,) = judge(frozen, replay, tmp_path, opened)
    assert "another task" in verdict.problems[0]
