"""The processes of an episode as process 1 sees them in /proc, and the memory they use together.

A resource limit on memory holds for one process; sixty-four of them could take sixty-four times as much.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path


def running() -> Iterator[int]:
    """Yield the ids of all processes that have not ended (zombies have)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if not (entry / "stat").read_text().rpartition(")")[2].startswith(" Z"):
                    yield int(entry.name)


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


def memory_exceeds(limit: int) -> bool:
    """Say whether all processes together use more than `limit` bytes of memory.

    Their resident memory bounds that from above and is cheap to ask for. Where it is too much, the exact
    figure decides: there a page that several share (the warm ones: with the zygote) counts once.
    """
    pids = list(running())
    if sum(map(_resident, pids)) <= limit:
        return False
    return sum(map(_proportional, pids)) > limit


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    return 0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return _resident(pid)  # it hides from us: all of its memory counts
