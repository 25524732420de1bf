"""Pools of a test's own, other processes that use them, and what is left of them."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandmle_gym.sandbox.warm.survey import pools

PATIENCE = 30.0
_CLIENT = """
import json, sys
from sandmle_gym.sandbox.warm import WarmBackend
backend = WarmBackend(preload=())
sandboxes = []
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request == "open":
        sandboxes.append(backend.open())
        sandboxes[-1].put({})
        answer = True
    else:
        result = sandboxes[0].run("bash", request, seconds=60)
        answer = [result.status, result.head.decode(), result.queued]
    print(json.dumps(answer), flush=True)
"""


def wait_for(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait until a condition holds and return its value."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)
    return value


def only_pool() -> dict[str, Any]:
    """What the one pool of the test says of itself; one that the fixture has left may still linger."""
    (pool,) = [pool for pool in pools() if pool.get("clients")]
    return pool


def kill(pid: int) -> None:
    """Kill a process that this test knows to be its own, and wait for its end."""
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert select.select([handle], [], [], PATIENCE)[0]
    finally:
        os.close(handle)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Client:
    """Another process with a backend of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, request: Any) -> None:
        assert self.process.stdin is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, request: Any) -> Any:
        self.send(request)
        return self.answer()


@contextlib.contextmanager
def clients(count: int) -> Iterator[list[Client]]:
    """Start processes at once, and wait until all are ready."""
    started = [Client() for _ in range(count)]
    try:
        assert [client.answer() for client in started] == ["ready"] * count
        yield started
    finally:
        for client in started:
            with client.process as process:
                process.kill()
