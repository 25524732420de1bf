"""Runs made in advance: for whoever used Python last, when a processor is really idle, and never for good."""

import pytest

from sandmle_gym.sandbox.warm.jail import spares


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(spares.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(spares.os, "sched_getaffinity", lambda _: {0, 1})

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


def idle(planned, clock, running=0):
    """Let a processor be idle long enough."""
    planned.next_to_make(running)
    clock(1.0)


def test_the_episode_that_used_python_last_comes_first(clock):
    planned = spares.Spares()
    for key in (1, 2, 3):
        planned.on_idle(key)
    idle(planned, clock)
    made = []
    while (key := planned.next_to_make(0)) is not None:
        planned.on_made(key)
        made.append(key)
    assert made == [3, 2], "one for each processor"


def test_gaps_between_queued_commands_are_not_idleness(clock):
    planned = spares.Spares()
    planned.on_idle(1)
    for _ in range(100):
        assert planned.next_to_make(2) is None
        clock(0.05)
        assert planned.next_to_make(1) is None, "a gap has just begun"
        clock(0.01)
        assert planned.next_to_make(1) is None, "and is short"


def test_a_spare_goes_when_another_episode_needs_the_room_or_nobody_comes(clock):
    planned = spares.Spares()
    for key in (1, 2):
        planned.on_idle(key)
        planned.on_made(key)
    assert planned.next_to_drop() is None
    planned.on_idle(3)
    assert planned.next_to_drop() == 1
    planned.on_gone(1)
    planned.on_made(3)
    clock(60.0)
    assert {planned.next_to_drop(), planned.next_to_drop()} == {2, 3}


def test_a_busy_or_closed_episode_wants_none(clock):
    planned = spares.Spares()
    planned.on_idle(1)
    planned.on_idle(2)
    clock(1.0)
    planned.on_busy(1)
    planned.forget(2)
    idle(planned, clock)
    assert planned.next_to_make(0) is None


def test_an_episode_that_goes_on_at_once_gets_its_next_one_beside_the_run(clock):
    planned = spares.Spares()
    idle(planned, clock)
    planned.on_idle(1)
    planned.on_busy(1)
    assert planned.next_to_make(1) is None
    clock(0.01)
    assert planned.next_to_make(1) == 1


def test_a_shell_that_will_call_python_gets_one_right_away(clock):
    planned = spares.Spares()
    idle(planned, clock)
    planned.on_wanted(1)
    assert planned.next_to_make(0) == 1
