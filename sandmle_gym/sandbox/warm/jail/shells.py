"""Bash, and the warm runs that serve its `python` (see `shim.py`), from within process 1.

What arrives from a shell was sent by the agent, so nothing of it is believed: what does not parse is
hung up on.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

import episode
import wire
from runs import PROGRAM
from shim import ADDRESS, LARGEST

_MOST_CONNECTIONS = 32
_STREAMS = 3
_LARGEST_ARGUMENT = 100_000
"""Longer Bash sources are read from a file: Linux caps one argument at 128 KiB."""
_SCRIPT_FD = 3


def spawn(output: int, body: int, environment: dict[str, str]) -> int:
    """Start Bash in the current directory, without a copy of the warm memory; return its process id."""
    source = os.pread(body, os.fstat(body).st_size, 0)
    command: list[str | bytes] = ["bash", "-c", source]
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    if b"\0" in source:
        command = ["bash", "-c", "echo 'bash: the command contains a NUL byte' >&2; exit 2"]
    elif len(source) > _LARGEST_ARGUMENT:
        os.lseek(body, 0, os.SEEK_SET)
        command = ["bash", f"/dev/fd/{_SCRIPT_FD}"]
        actions.append((os.POSIX_SPAWN_DUP2, body, _SCRIPT_FD))
    return episode.spawn_restricted(
        lambda: os.posix_spawn(
            "/bin/bash",
            command,
            environment,
            file_actions=actions,
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ],
        )
    )


class Loop(Protocol):
    """What this server needs of process 1."""

    def watch(self, fd: int, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `fd` is readable or closed by its peer."""

    def unwatch(self, fd: int) -> None:
        """Stop watching `fd`."""

    def start_run(self, kind: bytes, fds: Sequence[int], program: bytes = b"") -> int:
        """Start a run of Python; return its process id."""
        ...


class Shells:
    """The warm runs that shells are waiting for."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.connections: dict[int, socket.socket] = {}
        self.pids: dict[int, int] = {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(ADDRESS)
        self.listener.listen(_MOST_CONNECTIONS)
        self.listener.setblocking(False)
        loop.watch(self.listener.fileno(), self.on_connection)

    def on_connection(self) -> None:
        """Take a shell's call."""
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        if len(self.connections) >= _MOST_CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        fd = connection.fileno()
        self.connections[fd] = connection
        self.loop.watch(fd, lambda: self.on_message(fd))

    def on_message(self, fd: int) -> None:
        """Start the program that was asked for, or end it when the one who asked is gone."""
        if fd in self.pids:
            self.on_signal(fd)
            return
        connection, fds = self.connections[fd], []
        try:
            message, fds = wire.receive(connection, LARGEST, _STREAMS)
            source, output, errors = fds
            self.pids[fd] = self.loop.start_run(PROGRAM, (source, output, errors), message)
        except (OSError, ValueError):
            self.hang_up(fd)
        finally:
            for stream in fds:
                os.close(stream)

    def on_signal(self, fd: int) -> None:
        """Hand on a signal; whoever has hung up leaves nobody behind."""
        message = b""
        with contextlib.suppress(OSError):
            message = self.connections[fd].recv(1)
        pid = self.pids[fd] if message else self.pids.pop(fd)
        with contextlib.suppress(OSError):
            os.kill(pid, message[0] if message else signal.SIGKILL)
        if not message:
            self.hang_up(fd)

    def on_death(self, pid: int, code: int) -> None:
        """Tell whoever waits for this process how it ended."""
        for fd in [fd for fd, known in self.pids.items() if known == pid]:
            del self.pids[fd]
            with contextlib.suppress(OSError):
                self.connections[fd].send(str(code).encode())
            self.hang_up(fd)

    def hang_up(self, fd: int) -> None:
        """Close one connection."""
        self.loop.unwatch(fd)
        self.connections.pop(fd).close()

    def hang_up_all(self) -> None:
        """Close all connections, whose processes are dead."""
        self.pids.clear()
        for fd in list(self.connections):
            self.hang_up(fd)
