"""The processes below the calling one: who is there, who has died, what they inherit."""

import contextlib
import os
import resource
import signal
from collections.abc import Container, Iterator

_LONGEST_STAT = 4096


def running(but: Container[int]) -> Iterator[int]:
    """Yield the ids of all processes that have not ended (zombies have), without some."""
    for name in os.listdir("/proc"):  # noqa: PTH208 - a path object each would cost more than the rest
        if name.isdigit() and int(name) not in but:
            with contextlib.suppress(OSError):
                if not stat(name).startswith(b" Z"):
                    yield int(name)


def stat(name: str) -> bytes:
    """Return /proc/`name`/stat from the state on, after a blank."""
    fd = os.open(f"/proc/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _LONGEST_STAT).rpartition(b")")[2]
    finally:
        os.close(fd)


def alarm() -> int:
    """Return a descriptor that becomes readable whenever a child dies."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def drain(reader: int) -> None:
    """Make the descriptor of `alarm` quiet until the next death."""
    with contextlib.suppress(BlockingIOError):
        while os.read(reader, 4096):
            pass


def reap(flags: int) -> Iterator[tuple[int, int]]:
    """Reap the dead (without WNOHANG: until nobody is left); yield their ids and exit codes."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, flags)
            if pid == 0:
                return
            yield pid, os.waitstatus_to_exitcode(status)


def silence() -> None:
    """Point the standard streams of this process to nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.close(null)


def open_many_files() -> None:
    """Allow this process as many open files as it may have: it holds some of every episode."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
