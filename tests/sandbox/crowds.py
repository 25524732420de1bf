"""Laws of a run queue that hold for every backend that has one, and the crowds that try them."""

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator

from sandbox.pools import wait_for

from sandmle_gym.sandbox import Backend, ExecResult, Sandbox
from sandmle_gym.sandbox.docker import DockerBackend
from sandmle_gym.sandbox.warm.broker import cores

BURN = """
import time
print(time.monotonic())
end = time.process_time() + {}
while time.process_time() < end:
    pass
print(time.monotonic())
"""
HOG = "while true; do :; done"


def _play(sandbox: Sandbox, source: str, results: list[ExecResult], times: int) -> None:
    for _ in range(times):
        results.append(sandbox.run("python", source, seconds=60))


def together(backend: Backend, count: int, source: str, times: int = 1) -> list[ExecResult]:
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


@contextlib.contextmanager
def hogs(backend: Backend, count: int) -> Iterator[list[ExecResult]]:
    """Keep so many processors busy until the end; gives the results that will come."""
    results: list[ExecResult] = []
    sandboxes = [backend.open() for _ in range(count)]

    def play(sandbox: Sandbox) -> None:
        results.append(sandbox.run("bash", HOG, seconds=60))

    threads = [threading.Thread(target=play, args=(sandbox,)) for sandbox in sandboxes]
    for thread in threads:
        thread.start()
    try:
        yield results
    finally:
        for sandbox in sandboxes:
            sandbox.kill()
        for thread, sandbox in zip(threads, sandboxes, strict=True):
            thread.join()
            sandbox.close()


def time_in_the_queue_is_not_time_of_the_command(backend: Backend, cores: int) -> None:
    results = together(backend, 16, BURN.format(0.1))
    assert all(result.ok for result in results)
    spans = [tuple(map(float, result.head.split())) for result in results]
    at_once = max(sum(a <= start < b for a, b in spans) for start, _ in spans)
    assert at_once <= 2 * cores  # one more comes in for one that stands still for a moment
    if cores <= 4:  # the last ones wait for three others at least
        longest = max(result.queued for result in results)
        assert longest > 2 * statistics.median(result.seconds for result in results)


def sleepers_hold_no_core(backend: Backend) -> None:
    start = time.monotonic()
    results = together(backend, 32, "import time; time.sleep(1)")
    assert all(result.ok for result in results)
    assert time.monotonic() - start < 8  # 16 if each held a core of two; the machine may be busy
    assert max(result.seconds for result in results) < 4


def a_kill_reaches_whoever_waits_for_a_turn(
    backend: Backend, cores: int, waiting: Callable[[], int]
) -> None:
    with hogs(backend, cores + 2) as results:
        wait_for(lambda: waiting() > 0)
        start = time.monotonic()
    assert time.monotonic() - start < 20
    assert [result.status for result in results] == ["dead"] * (cores + 2)
    wait_for(lambda: waiting() == 0)


class LawsOfTurns:
    """Tests of a backend whose queue is in this process; a module has a fixture `backend` for them."""

    def test_time_in_the_queue_is_not_time_of_the_command(self, backend: DockerBackend) -> None:
        time_in_the_queue_is_not_time_of_the_command(backend, cores.count())

    def test_sleepers_hold_no_core(self, backend: DockerBackend) -> None:
        sleepers_hold_no_core(backend)

    def test_a_kill_reaches_whoever_waits_for_a_turn(self, backend: DockerBackend) -> None:
        queue = backend._turns._queue
        a_kill_reaches_whoever_waits_for_a_turn(backend, cores.count(), lambda: len(queue.waiting))
        assert not queue.running
