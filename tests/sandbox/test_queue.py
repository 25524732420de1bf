"""The run queue: as many commands as cores, first come first served, sleepers beyond, time apart."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox import crowds
from sandbox.crowds import BURN, HOG, hogs, together
from sandbox.pools import clients, kill, only_pool, wait_for

from sandmle_gym.sandbox import ExecResult
from sandmle_gym.sandbox.warm import WarmBackend
from sandmle_gym.sandbox.warm.broker.runqueue import RunQueue


class Guest:
    """Somebody who waits for a turn."""

    def __init__(self) -> None:
        self.turns = 0
        self.sleeps = False

    def go(self) -> None:
        self.turns += 1

    def asleep(self) -> bool:
        return self.sleeps


@given(
    cores=st.integers(1, 4),
    events=st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=60),
)
def test_no_more_run_than_there_are_cores_and_turns_come_in_order(
    cores: int, events: list[tuple[bool, int]]
) -> None:
    queue = RunQueue(cores)
    guests = [Guest() for _ in range(8)]
    arrived: list[Guest] = []
    for arrives, number in events:
        guest = guests[number]
        if arrives and guest not in arrived:
            arrived.append(guest)
            queue.ask(guest)
        elif not arrives:
            queue.leave(guest)
            arrived = [other for other in arrived if other is not guest]
        queue.tick()
        assert queue.running == set(arrived[:cores])
        assert list(queue.waiting) == arrived[cores:]


def test_a_sleeper_lets_another_one_in_and_counts_again_when_it_wakes() -> None:
    queue = RunQueue(2)
    guests = [Guest() for _ in range(6)]
    for guest in guests:
        queue.ask(guest)
    assert len(queue.running) == 2
    guests[0].sleeps = True
    queue.tick()
    assert queue.running == set(guests[:3])
    queue.tick()  # too soon to look again
    guests[0].sleeps = False
    queue.next_look = 0.0
    queue.tick()
    queue.leave(guests[1])
    assert queue.running == {guests[0], guests[2]}
    queue.leave(guests[0])
    assert queue.running == {guests[2], guests[3]}


@pytest.mark.usefixtures("runtime")
def test_time_in_the_queue_is_not_time_of_the_command(backend: WarmBackend) -> None:
    crowds.time_in_the_queue_is_not_time_of_the_command(backend, only_pool()["cores"])


@pytest.mark.usefixtures("runtime")
def test_sleepers_hold_no_core(backend: WarmBackend) -> None:
    crowds.sleepers_hold_no_core(backend)


@pytest.mark.usefixtures("runtime")
def test_a_turn_ends_with_its_client(backend: WarmBackend) -> None:
    cores = only_pool()["cores"]
    with clients(1) as (other,), backend.open() as sandbox:
        assert sandbox.put({}) == ()
        assert other.ask("open")
        with hogs(backend, cores - 1):
            other.send(HOG)
            wait_for(lambda: only_pool()["running"] >= cores)
            kill(other.process.pid)
            assert sandbox.run("bash", "true", seconds=30).ok


@pytest.mark.usefixtures("runtime")
def test_a_crowd_does_not_starve_another_client(backend: WarmBackend) -> None:
    """Whoever comes waits for those that came before, not for all that they will ask for."""
    results: list[ExecResult] = []
    crowd = threading.Thread(
        target=lambda: results.extend(together(backend, 12, BURN.format(0.05), times=6))
    )
    with clients(1) as (other,):
        assert other.ask("open")
        crowd.start()
        wait_for(lambda: only_pool()["waiting"] > 4)
        for _ in range(3):
            status, _, _ = other.ask("true")
            assert status == "exited"
        assert len(results) < 72
        crowd.join()


@pytest.mark.usefixtures("runtime")
def test_a_kill_reaches_whoever_waits_for_a_turn(backend: WarmBackend) -> None:
    cores = only_pool()["cores"]
    crowds.a_kill_reaches_whoever_waits_for_a_turn(backend, cores, lambda: only_pool()["waiting"])
    wait_for(lambda: only_pool()["running"] == 0)
