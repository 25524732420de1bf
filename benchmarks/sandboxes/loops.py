"""Floors: the steps again and again in one process, in plain forks of one, and in one process per core."""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sandboxes.measure import STEP, STEPS
from sandboxes.peers import environment

from sandmle_gym.sandbox.warm import plan
from sandmle_gym.sandbox.warm.preload import groups, names

_TIMES = """
import json, statistics, sys, time
steps, repeats, times = json.loads(sys.argv[1]), int(sys.argv[2]), {}
for name, source in steps.items():
    code, values = compile(source, name, "exec"), []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        run(code)
        values.append(time.perf_counter() - start)
    times[name] = statistics.median(values[2:]) * 1000
print(json.dumps(times))
"""
_IN_PROCESS = """
def run(code):
    exec(code, {})
"""
_FORK = """
import gc, json, os, sys
sys.path.insert(0, sys.argv[3])
import imports
imports.load(json.loads(sys.argv[4]))
gc.collect()
gc.freeze()
def run(code):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            exec(code, {})
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("the step failed")
"""
_RATE = """
import json, sys, time
code, times = compile(sys.argv[1], "step", "exec"), []
for _ in range(2):
    exec(code, {})
print("ready", flush=True)
end = float(sys.stdin.readline())
while time.monotonic() < end:
    start = time.monotonic()
    exec(code, {})
    times.append(time.monotonic() - start)
print(json.dumps(times))
"""


def in_process(directory: Path, repeats: int) -> dict[str, float]:
    """Return milliseconds of every step, executed again and again in one process."""
    return _measure(directory, _IN_PROCESS, repeats)


def plain_fork(directory: Path, repeats: int) -> dict[str, float]:
    """Return milliseconds of every step in a fork of a process that has imported what a zygote has.

    Without walls, but with the same heap as a zygote: frozen, on huge pages.
    """
    more = [str(plan.JAIL), json.dumps(groups(names(None)))]
    return _measure(directory, _FORK, repeats, *more, **plan.HUGE_PAGES)


def _measure(
    directory: Path, setup: str, repeats: int, *more: str, **variables: str
) -> dict[str, float]:
    program = [sys.executable, "-W", "ignore", "-c", setup + _TIMES]
    done = subprocess.run(
        [*program, json.dumps(STEPS), str(repeats), *more],
        cwd=directory,
        env=environment(directory) | variables,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def limit(seconds: float) -> list[float]:
    """Loop the step in one process per core at the same time; return the seconds of each round of each."""
    with ExitStack() as stack:
        processes = []
        for _ in os.sched_getaffinity(0):
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", _RATE, STEP],
                cwd=directory,
                env=environment(directory),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(stack.enter_context(process))
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        end = time.monotonic() + seconds
        for process in processes:  # all of them, before we wait for any
            assert process.stdin is not None
            process.stdin.write(f"{end}\n")
            process.stdin.flush()
        answers = [process.communicate()[0] for process in processes]
    return [took for answer in answers for took in json.loads(answer)]
