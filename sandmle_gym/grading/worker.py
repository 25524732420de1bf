"""The process in which untrusted submissions are parsed and scored: limits, a shelf of answers, a loop.

It is started by `process.Worker` and speaks the messages of `channel`. It ends when the other end of
the channel closes or the process that started it dies, even by SIGKILL and even when a fork of that
process keeps the channel open. A bug of ours ends it with a traceback on standard error.
"""

import contextlib
import os
import resource
import select
import signal
import socket
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from sandmle_gym.errors import UndefinedScoreError, UserError
from sandmle_gym.grading import channel
from sandmle_gym.grading.grade import Problem
from sandmle_gym.grading.parse import Answers, score_not_finite
from sandmle_gym.spec import TaskBrief

SHELF_ROWS = 500_000
"""How many rows of answers are kept, of the tasks used last; about 0.2 kB each."""

Reply = dict[str, Any]


def main(
    descriptor: int, host: int, memory_mb: int, cpu_seconds: float, wall_seconds: float
) -> None:
    """Serve requests on an inherited socket until it closes.

    Args:
        descriptor: File descriptor of the socket.
        host: Process id of the process that started this one.
        memory_mb: Address space beyond what the imports map, in MiB.
        cpu_seconds: Processor time of one request; SIGXCPU ends this process.
        wall_seconds: Wall time of one request; SIGALRM ends this process.
    """
    parent = _watch(host)
    _limit(memory_mb)
    with socket.socket(fileno=descriptor) as host_channel, contextlib.suppress(EOFError):
        channel.send(host_channel, {"ready": True})
        shelf: OrderedDict[str, Answers] = OrderedDict()
        while not _dead(parent, host_channel):
            _start_clocks(cpu_seconds, wall_seconds)
            try:
                channel.send(host_channel, _answer(shelf, *channel.receive(host_channel)))
            except MemoryError:
                os._exit(channel.OUT_OF_MEMORY)
            signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(memory_mb: int) -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    space = mapped + memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(host: int) -> int | None:
    """A descriptor that becomes readable when the host dies; None where the kernel has none (gVisor)."""
    parent = None
    with contextlib.suppress(OSError):
        parent = os.pidfd_open(host)
    if os.getppid() != host:  # it died before we looked: the number may be someone else's by now
        sys.exit()
    return parent


def _dead(parent: int | None, host_channel: socket.socket) -> bool:
    """Wait for a message or for the death of the host, and tell which it was."""
    poll = select.poll()
    poll.register(host_channel, select.POLLIN)
    if parent is not None:
        poll.register(parent, select.POLLIN)
    return parent in dict(poll.poll())


def _start_clocks(cpu_seconds: float, wall_seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def _answer(shelf: OrderedDict[str, Answers], request: dict[str, Any], block: bytes) -> Reply:
    key = request["task"]
    try:
        if request["op"] == "load":
            shelf[key] = Answers.read(TaskBrief.model_validate(request["brief"]), block)
            while len(shelf) > 1 and sum(len(kept.truth) for kept in shelf.values()) > SHELF_ROWS:
                shelf.popitem(last=False)
            return {}
        if key not in shelf:
            return {"unknown_task": True}
        shelf.move_to_end(key)
        result = _grade(shelf[key], request, block)
    except UserError as error:
        return {"user_error": str(error)}
    if isinstance(result, Problem):
        return {"problem": result.code, "message": result.message}
    return result


def _grade(answers: Answers, request: dict[str, Any], submission: bytes) -> Reply | Problem:
    scored = answers.align(submission)
    if isinstance(scored, Problem):
        return scored
    part = request["part"]
    if part is None:
        return {"score": None}
    try:
        error = scored.standard_error(part) if request["standard_error"] else None
        return {"score": scored.score(part), "standard_error": error}
    except UndefinedScoreError as error:
        return score_not_finite(error)
