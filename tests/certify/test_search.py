"""A search walks the schedule of attempts in order, stops at the first certified draw, and counts."""

from dataclasses import dataclass

import pytest

from sandmle_gym.bundle import Gate
from sandmle_gym.certify import AttemptReport, Yield, attempts, search
from sandmle_gym.errors import CertificationError


@dataclass(frozen=True)
class Card:
    slug: str = "a-toy"


@pytest.fixture
def draws(monkeypatch):
    """A function that makes attempt k of any card the k-th of some tasks."""

    def schedule(*bundles):
        monkeypatch.setattr(attempts, "derive", lambda card, index, attempt: attempt)
        monkeypatch.setattr(attempts, "draw", lambda spec: bundles[spec])

    return schedule


def test_the_first_certified_draw_is_taken(draws, toy, good, replay):
    draws(toy(private=500), toy(weights=(2.0, 2.0, 0.001, 2.0)), good, toy(seed=7))
    result = search(Card(), 3, replay)
    assert result.bundle.digest == good.digest
    assert result.bundle.private.certificate.certified
    assert [report.attempt for report in result.attempts] == [0, 1, 2]
    assert [gate.name for gate in result.attempts[0].failures] == ["private_rows"]
    assert "gaps_exceed_noise" in [gate.name for gate in result.attempts[1].failures]
    assert result.attempts[2].failures == ()


def test_a_search_without_success_counts_the_failed_gates(draws, toy, replay):
    few, noisy = toy(private=500), toy(weights=(2.0, 2.0, 0.001, 2.0))
    draws(few, few, noisy)
    with pytest.raises(CertificationError, match="a-toy index 5: 0 of 3") as failure:
        search(Card(), 5, replay, max_attempts=3)
    assert "private_rows 2" in str(failure.value)
    assert "gaps_exceed_noise 1" in str(failure.value)


def test_seconds_include_the_sandbox(draws, good, replay):
    draws(good)
    (report,) = search(Card(), 0, replay).attempts
    assert report.seconds > 0.5


def test_yields_count_draws_and_the_gates_they_failed():
    order, noise = (Gate(name=name, passed=False, detail="") for name in ("order", "noise"))
    reports = [
        AttemptReport(0, (order, noise), 1.0),
        AttemptReport(1, (noise,), 1.0),
        AttemptReport(2, (), 2.0),
    ]
    counts = Yield.of(reports)
    assert (counts.attempts, counts.certified, counts.seconds) == (3, 1, 4.0)
    assert list(counts.failures.items()) == [("noise", 2), ("order", 1)]
    assert str(counts) == "1 of 3 draws certified; failed gates: noise 2, order 1"
