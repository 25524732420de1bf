"""Counts the memory of all processes of an episode together, which no resource limit does.

A resource limit holds for one process; sixty-four of them could take sixty-four times as much.
"""

import contextlib
import resource
from pathlib import Path

_MOST_FORKS = 16
"""So many processes may be warm forks, whose inherited pages are not counted."""


class Memory:
    """Resident memory of the episode beyond what was warm from the start, in bytes."""

    def __init__(self) -> None:
        """Take the calling process, a warm fork that has done nothing, as the measure of one."""
        self._size, self._resident = _pages("self")

    def used(self) -> int:
        """Return the sum over all processes; pages that two of them share count twice."""
        total = forks = 0
        for pid in processes():
            with contextlib.suppress(OSError):
                size, resident = _pages(str(pid))
                if size >= self._size and forks < _MOST_FORKS:
                    forks += 1
                    resident -= self._resident
                total += max(0, resident)
        return total * resource.getpagesize()


def processes() -> list[int]:
    """Return the process ids of this pid namespace."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _pages(pid: str) -> tuple[int, int]:
    size, resident, *_ = Path("/proc", pid, "statm").read_text().split()
    return int(size), int(resident)
