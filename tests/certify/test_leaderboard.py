"""Laws of the synthetic leaderboard: fixed pipelines, the same on every run, in order of what they know."""

from dataclasses import replace

import pytest

from sandmle_gym.bundle import TIERS, load
from sandmle_gym.catalogue import card, cards
from sandmle_gym.certify import certify
from sandmle_gym.certify.leaderboard import pipelines, with_leaderboard
from sandmle_gym.certify.lock import freeze_entry
from sandmle_gym.families import derive, draw
from sandmle_gym.grading import Grader


@pytest.fixture(scope="module")
def ranked(good, session_replay):
    return with_leaderboard(certify(good, session_replay))


def test_a_leaderboard_holds_a_dozen_pipelines_and_every_witness(ranked):
    board = ranked.private.leaderboard
    assert len(board) >= 17
    assert set(TIERS) < set(board)
    rungs = {rung.tier: rung.score for rung in ranked.private.certificate.rungs}
    assert all(board[tier] == rungs[tier] for tier in TIERS)


def test_pipelines_that_learn_beat_those_that_do_not(ranked):
    board = ranked.private.leaderboard  # RMSE: lower is better
    assert max(board[name] for name in ("ridge", "forest", "boosting")) < board["mean"]
    assert board["mean"] < board["random draws"]


def test_a_leaderboard_is_the_same_on_every_run(good, ranked):
    assert pipelines(good) == {
        k: v for k, v in ranked.private.leaderboard.items() if k not in TIERS
    }


def test_it_is_no_part_of_the_digest_and_survives_the_disk_and_the_lock(ranked, good, tmp_path):
    assert ranked.digest == good.digest
    ranked.save(tmp_path / "task")
    board = dict(ranked.private.leaderboard)
    assert load(tmp_path / "task").private.leaderboard == board
    assert freeze_entry(ranked).leaderboard == pytest.approx(board, rel=1e-5)


def test_a_grade_says_how_much_of_it_is_beaten(ranked):
    with Grader() as grader:
        best = grader.grade(ranked, ranked.private.oracle)
        sample = grader.grade(ranked, ranked.public["sample_submission.csv"])
        bare = replace(ranked, private=replace(ranked.private, leaderboard={}))
        assert grader.grade(bare, ranked.private.oracle).beaten is None
    assert best.beaten > 0.9
    assert sample.beaten < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("slug", sorted(cards()))
def test_every_card_has_one_within_seconds(slug):
    import time

    bundle, began = draw(derive(card(slug), 0, 0)), time.process_time()
    assert len(pipelines(bundle)) >= 12
    assert time.process_time() - began < 6  # twice the target: the first one imports scikit-learn
