"""Steps per second of many episodes at once, with how long each ran and waited."""

import contextlib
import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandboxes import loops
from sandboxes.measure import STEP, Bench, Figures, run
from sandboxes.peers import fresh

from sandmle_gym.sandbox import Backend, Kind

PARALLEL = (2, 4, 16, 64)


def throughput(bench: Bench) -> Figures:
    """Return steps per second, and percentiles of their times, by way and number of parallel episodes."""
    seconds = max(2.0, bench.repeats / 8)
    cores = len(os.sched_getaffinity(0))
    table: Figures = {"warm script": {}, "warm cell": {}, "fresh process": {}, "in process": {}}
    for episodes in PARALLEL:
        for way, kind in _WARM.items():
            table[way][str(episodes)] = _warm(bench.backend, kind, episodes, seconds)
        if episodes <= 2 * cores:
            table["fresh process"][str(episodes)] = _fresh(episodes, 2 * seconds)
    rounds = loops.limit(seconds)
    table["in process"][str(cores)] = _summary([(took, 0.0) for took in rounds], seconds)
    return table


_WARM: dict[str, Kind] = {"warm script": "python", "warm cell": "cell"}


def _warm(backend: Backend, kind: Kind, episodes: int, seconds: float) -> Figures:
    opened = [backend.open() for _ in range(episodes)]
    calls = [lambda s=sandbox: run(s, kind, STEP) for sandbox in opened]
    figures = together(calls, seconds)
    for sandbox in opened:
        sandbox.close()
    return figures


def _fresh(processes: int, seconds: float) -> Figures:
    with tempfile.TemporaryDirectory() as directory:
        return together([lambda: fresh(Path(directory), STEP)] * processes, seconds)


def together(calls: list[Callable[[], Figures | None]], seconds: float) -> Figures:
    """Repeat every call in a thread of its own for so long; the first one of each does not count.

    A call that fails ends it all: a rate without those that failed would be too good or too bad.
    """
    rows: list[tuple[float, float]] = []
    gate = threading.Barrier(len(calls) + 1)
    end = math.inf

    def repeat(call: Callable[[], Figures | None]) -> None:
        try:
            call()
        except BaseException:
            gate.abort()
            raise
        gate.wait()
        while time.perf_counter() < end:
            started = time.perf_counter()
            answer = call()
            took = time.perf_counter() - started
            rows.append((took, 0.0) if answer is None else (answer["ran"], answer["queued"]))

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(repeat, call) for call in calls]
        with contextlib.suppress(threading.BrokenBarrierError):  # the call that failed says more
            gate.wait()
        started = time.perf_counter()
        end = started + seconds
        problems = [future.exception() for future in futures]
    for problem in sorted(filter(None, problems), key=_is_broken_gate):
        raise problem
    return _summary(rows, time.perf_counter() - started)


def _is_broken_gate(problem: BaseException) -> bool:
    return isinstance(problem, threading.BrokenBarrierError)


def _summary(rows: Iterable[tuple[float, float]], seconds: float) -> Figures:
    """Sum up steps that took so many seconds together; each a time of running and one of waiting."""
    ran, queued = (sorted(1000 * value for value in values) for values in zip(*rows, strict=True))
    figures: Figures = {"per second": len(ran) / seconds}
    for name, values in (("ran", ran), ("queued", queued)):
        figures[f"{name} p50"] = values[len(values) // 2]
        figures[f"{name} p95"] = values[int(len(values) * 0.95)]
    return figures
