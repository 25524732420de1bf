"""What a fork of the zygote becomes: a script, a session of cells, or what a shell calls `python`.

It walls itself in, says so on its job socket, and waits there for what to run, which it reads itself.
"""

import contextlib
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

import pages
import runner
import syscalls
import wire
from episode import WORK
from runs import PROGRAM, SCRIPT, SESSION
from shim import LARGEST

_STREAMS = 3
_NAME = "python"
_LIMIT_NAME = 26
"""Width of the first column of /proc/self/limits, whose lines are in the order of the limits' numbers."""


def become(job: int, join: Callable[[], None], hot: pages.Ranges) -> NoReturn:
    """Do one job and end.

    Args:
        job: Descriptor of the socket to the episode's first process.
        join: Puts up the walls of the episode around the calling process.
        hot: Memory to make our own until the job is there.
    """
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        join()
        os.dup2(job, runner.KEPT, inheritable=False)
        syscalls.close_from(runner.KEPT + 1)
        runner.reseed()
        channel = socket.socket(fileno=runner.KEPT)
        channel.send(str(os.getpid()).encode())
        pages.populate(hot, until=channel.fileno())
        _serve(channel)
    except BaseException:  # noqa: BLE001 - the copy must never return into the zygote's loop
        traceback.print_exc()
    os._exit(70)


def _serve(channel: socket.socket) -> None:
    message, fds = wire.receive(channel, 1 + LARGEST, _STREAMS)
    if not message:
        os._exit(0)
    syscalls.set_dumpable(True)  # from here on it is the agent's
    kind, program = message[:1], message[1:]
    if kind == SESSION:
        null = os.open(os.devnull, os.O_WRONLY)
        runner.begin(null, keep=True)
        os.chdir(WORK)
        runner.run_session(channel)
    channel.detach()
    if kind == SCRIPT:
        output, body = fds
        source = runner.read_all(body)
        runner.begin(output)
        os.chdir(WORK)
        runner.run_script(source, runner.SCRIPT, [runner.SCRIPT], path=WORK)
    if kind == PROGRAM:
        source, output, errors = fds
        called = _Call(program)
        runner.begin(output, errors=errors, source=source)
        called.inherit()
        called.run()


class _Call:
    """A call of `python`, as `shim.py` describes it."""

    def __init__(self, message: bytes) -> None:
        parts = iter(message.decode("utf-8", "surrogateescape").split("\0"))
        process, ignored, self.options, self.program, environment = (
            [next(parts) for _ in range(int(next(parts)))] for _ in range(5)
        )
        self.folder, umask, niceness, self.limits = process
        self.umask, self.niceness = int(umask), int(niceness)
        self.ignored = [int(number) for number in ignored]
        self.environment: dict[str, str] = {}
        for entry in environment:
            name, _, value = entry.partition("=")
            self.environment.setdefault(name, value)  # of doublets Python takes the first

    def inherit(self) -> None:
        """Take over what a child of the shell would have had from the start."""
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        os.chdir(self.folder)
        os.umask(self.umask)
        for number in self.ignored:
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            os.nice(self.niceness - os.nice(0))
        for number, line in enumerate(self.limits.splitlines()[1:]):
            soft, hard = (
                resource.RLIM_INFINITY if word == "unlimited" else int(word)
                for word in line[_LIMIT_NAME:].split()[:2]
            )
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(number, (soft, hard))

    def run(self) -> NoReturn:
        """Do what `python` does with these arguments."""
        sys.orig_argv[:] = [_NAME, *self.options, *self.program]
        first, *arguments = self.program or ["-"]
        is_file = first not in ("-", "-c", "-m")
        folder = os.path.dirname(os.path.realpath(first)) if is_file else ""  # noqa: PTH120
        if runner.shadowed(folder):
            self.run_cold()
        if first == "-c":
            code, *arguments = arguments
            source = code.encode("utf-8", "surrogateescape")
            runner.run_script(source, "<string>", ["-c", *arguments], path="")
        if first == "-m":
            module, *arguments = arguments
            runner.run_module(module, arguments)
        if first == "-":
            source = os.fdopen(0, "rb", closefd=False).read()
            runner.run_script(source, "<stdin>", self.program or [""], path="")
        with open(first, "rb") as file:  # noqa: PTH123
            source = file.read()
        if (
            b"\0" in source
        ):  # an archive, or an error that only the real interpreter words like itself
            os.execv(sys.executable, [sys.executable, *self.options, *self.program])
        folder = os.path.dirname(os.path.realpath(first))  # noqa: PTH120
        place = os.path.join(self.folder, first)  # noqa: PTH118 - `./a.py` keeps its dot
        runner.run_script(source, place, self.program, path=folder, is_file=True)

    def run_cold(self) -> NoReturn:
        """Become the real interpreter."""
        os.execv(sys.executable, [sys.executable, *self.options, *self.program])
