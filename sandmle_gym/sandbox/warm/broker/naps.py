"""Whether a command that has its turn needs a processor just now, or sleeps.

Looked up in the episode's own /proc, which no agent can change. It is the command's own doing that counts:
how busy the machine is with other things says nothing about it.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

_STILL = 0.1
"""Seconds without use of a processor after which processes with several threads are asleep."""
START = 1.0
"""Seconds after which a turn in which nothing runs is taken for a nap: its client is halted, say."""
_MANY = 8
"""Processes beyond which a command is awake without a closer look."""


@dataclass(frozen=True)
class Sight:
    """What a look at the processes of an episode showed."""

    processes: int
    """Besides the first one, which runs no command."""
    runnable: bool
    threads: bool
    """Whether one of them has several; then the state of the first thread says little."""
    used: int
    """Processor time in ticks of the clock."""


class Watch:
    """Follows one episode."""

    def __init__(self, pid: int = 0) -> None:
        """Follow the episode whose first process is `pid`; 0 for one that is not there yet."""
        self.folder = f"/proc/{pid}/root/proc"
        self.begin()

    def begin(self) -> None:
        """Take note that its turn begins."""
        self.since = time.monotonic()
        self.seen: Sight | None = None

    def asleep(self) -> bool:
        """Say whether it sleeps, which takes two looks to be sure."""
        now = time.monotonic()
        sight = _look(self.folder)
        if sight != self.seen or sight.runnable:
            self.seen, self.since = sight, now
            return False
        if sight.processes == 0:
            return now - self.since >= START
        return not sight.threads or now - self.since >= _STILL


def _look(folder: str) -> Sight:
    try:
        pids = [name for name in os.listdir(folder) if name.isdigit() and name != "1"]  # noqa: PTH208
    except PermissionError:  # nothing can be said: it counts as awake
        return Sight(0, runnable=True, threads=True, used=0)
    except OSError:  # the episode is not there yet, or no more
        pids = []
    if len(pids) > _MANY:
        return Sight(len(pids), runnable=True, threads=True, used=0)
    states, threads, used = set(), 1, 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = _read(f"{folder}/{pid}/stat").rpartition(b")")[2].split()
            states.add(fields[_STATE])
            threads = max(threads, int(fields[_THREADS]))
            used += int(fields[_USER]) + int(fields[_SYSTEM])
    return Sight(len(pids), not states <= _WAITING, threads > 1, used)


_STATE, _USER, _SYSTEM, _THREADS = 0, 11, 12, 17
"""Places in /proc/PID/stat after the name of the program."""
_WAITING = {b"S", b"T", b"t", b"Z", b"X", b"I"}


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1024)
    finally:
        os.close(fd)


def process(handle: int) -> int:
    """Return the process behind a pidfd; below 1 if it is dead."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    return 0
