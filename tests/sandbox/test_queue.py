"""The run queue: as many commands as cores, first come first served, sleepers beyond, time apart."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.pools import clients, kill, only_pool, wait_for

from sandmle_gym.sandbox import ExecResult, Sandbox
from sandmle_gym.sandbox.warm import WarmBackend
from sandmle_gym.sandbox.warm.broker.runqueue import RunQueue

BURN = """
import time
print(time.monotonic())
end = time.process_time() + {}
while time.process_time() < end:
    pass
print(time.monotonic())
"""
HOG = "while true; do :; done"


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


def _play(sandbox: Sandbox, source: str, results: list[ExecResult], times: int = 1) -> None:
    for _ in range(times):
        results.append(sandbox.run("python", source, seconds=60))


def _together(backend: WarmBackend, count: int, source: str, times: int = 1) -> list[ExecResult]:
    """Run a script in so many episodes at once."""
    results: list[ExecResult] = []
    sandboxes = [backend.open() for _ in range(count)]
    for sandbox in sandboxes:
        sandbox.put({})
    threads = [
        threading.Thread(target=_play, args=(sandbox, source, results, times))
        for sandbox in sandboxes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sandbox in sandboxes:
        sandbox.close()
    return results


@pytest.mark.usefixtures("runtime")
def test_time_in_the_queue_is_not_time_of_the_command(backend: WarmBackend) -> None:
    results = _together(backend, 16, BURN.format(0.1))
    assert all(result.ok for result in results)
    cores = only_pool()["cores"]
    spans = [tuple(map(float, result.head.split())) for result in results]
    at_once = max(sum(a <= start < b for a, b in spans) for start, _ in spans)
    assert at_once <= 2 * cores  # one more comes in for one that stands still for a moment
    if cores <= 4:  # the last ones wait for three others at least
        longest = max(result.queued for result in results)
        assert longest > 2 * statistics.median(result.seconds for result in results)


@pytest.mark.usefixtures("runtime")
def test_sleepers_hold_no_core(backend: WarmBackend) -> None:
    start = time.monotonic()
    results = _together(backend, 32, "import time; time.sleep(1)")
    assert all(result.ok for result in results)
    assert time.monotonic() - start < 8  # 16 if each held a core of two; the machine may be busy
    assert max(result.seconds for result in results) < 4


@contextlib.contextmanager
def _hogs(backend: WarmBackend, count: int) -> Iterator[list[ExecResult]]:
    """Keep so many processors busy until the end; gives the results that will come."""
    results: list[ExecResult] = []
    sandboxes = [backend.open() for _ in range(count)]

    def play(sandbox: Sandbox) -> None:
        results.append(sandbox.run("bash", HOG, seconds=60))

    threads = [threading.Thread(target=play, args=(sandbox,)) for sandbox in sandboxes]
    for thread in threads:
        thread.start()
    yield results
    for sandbox in sandboxes:
        sandbox.kill()
    for thread, sandbox in zip(threads, sandboxes, strict=True):
        thread.join()
        sandbox.close()


@pytest.mark.usefixtures("runtime")
def test_a_turn_ends_with_its_client(backend: WarmBackend) -> None:
    cores = only_pool()["cores"]
    with clients(1) as (other,), backend.open() as sandbox:
        assert sandbox.put({}) == ()
        assert other.ask("open")
        with _hogs(backend, cores - 1):
            other.send(HOG)
            wait_for(lambda: only_pool()["running"] >= cores)
            kill(other.process.pid)
            assert sandbox.run("bash", "true", seconds=30).ok


@pytest.mark.usefixtures("runtime")
def test_a_crowd_does_not_starve_another_client(backend: WarmBackend) -> None:
    """Whoever comes waits for those that came before, not for all that they will ask for."""
    results: list[ExecResult] = []
    crowd = threading.Thread(
        target=lambda: results.extend(_together(backend, 12, BURN.format(0.05), times=6))
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
    count = only_pool()["cores"] + 2
    with _hogs(backend, count) as results:
        wait_for(lambda: only_pool()["waiting"] > 0)
        start = time.monotonic()
    assert time.monotonic() - start < 20
    assert [result.status for result in results] == ["dead"] * count
    wait_for(lambda: only_pool()["running"] == only_pool()["waiting"] == 0)
