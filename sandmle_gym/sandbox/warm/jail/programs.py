"""What a fork of the zygote becomes: a script, a session of cells, or what a shell calls `python`.

It walls itself in, says so on its job socket, and waits there for what to run, which it reads itself.
"""

import os
import signal
import socket
import traceback
from collections.abc import Callable
from typing import NoReturn

import runner
import syscalls
import wire
from episode import WORK
from runs import PROGRAM, SCRIPT, SESSION
from shim import LARGEST

_STREAMS = 3


def become(job: int, join: Callable[[], None], prepare: Callable[[], None]) -> NoReturn:
    """Do one job and end.

    Args:
        job: Descriptor of the socket to the episode's first process.
        join: Puts up the walls of the episode around the calling process.
        prepare: Uses the time until the job is there.
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
        prepare()
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
        folder, arguments, environment = _parse(program)
        source, output, errors = fds
        runner.begin(output, errors=errors, source=source)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        run_program(arguments)


def _parse(message: bytes) -> tuple[str, list[str], dict[str, str]]:
    folder, count, *rest = message.decode("utf-8", "surrogateescape").split("\0")
    number = int(count)
    if not 0 <= number <= len(rest):
        raise ValueError("more arguments announced than sent")
    environment = dict(entry.split("=", 1) for entry in rest[number:])
    return folder, rest[:number], environment


def run_program(program: list[str]) -> NoReturn:
    """Do what `python` does with these arguments (see `shim.py` for which can be)."""
    first, *arguments = program or ["-"]
    if first == "-c":
        code, *arguments = arguments
        source = code.encode("utf-8", "surrogateescape")
        runner.run_script(source, "<string>", ["-c", *arguments], path="")
    if first == "-m":
        module, *arguments = arguments
        runner.run_module(module, arguments)
    if first == "-":
        source = os.fdopen(0, "rb", closefd=False).read()
        runner.run_script(source, "<stdin>", program or [""], path="")
    folder = os.path.dirname(os.path.realpath(first))  # noqa: PTH120
    with open(first, "rb") as file:  # noqa: PTH123
        source = file.read()
    runner.run_script(source, first, program, path=folder, is_file=True)
