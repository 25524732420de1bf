"""How many processors there are for us, and how many of them stand idle."""

import math
import os
import time
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_SHORTEST = 0.02
"""Seconds over which use is averaged at least; the kernel books it every 1-10 ms."""


def cores() -> int:
    """Return how many commands can run at once: by affinity, and by the quota of our control group."""
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))


def _quota() -> float:
    """The processors that our control group and those above may use; infinite where they do not say."""
    quota = math.inf
    for group in _groups("cpu"):
        for read in (_quota_of_v2, _quota_of_v1):
            try:
                quota = min(quota, read(group))
            except (OSError, ValueError):
                continue
    return quota


def _quota_of_v2(group: Path) -> float:
    most, period = (group / "cpu.max").read_text().split()
    return int(most) / int(period)


def _quota_of_v1(group: Path) -> float:
    most = int((group / "cpu.cfs_quota_us").read_text())
    period = int((group / "cpu.cfs_period_us").read_text())
    return most / period if most > 0 else math.inf


def _groups(controller: str) -> list[Path]:
    """Our control group for a controller and those above it, innermost first, in both versions."""
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if not names:
            top = _CGROUPS
        elif controller in names.split(","):
            top = _CGROUPS / names
        else:
            continue
        place = top / path.lstrip("/")
        found += [place, *(above for above in place.parents if above.is_relative_to(top))]
    return found


class Load:
    """Counts idle processors.

    Where all of the machine is ours, by the number of runnable threads right now. Where only a part is,
    others make that number useless; there by what our control group has used since the last look.
    """

    def __init__(self) -> None:
        self.cores = cores()
        self.runnable = os.open("/proc/loadavg", os.O_RDONLY)
        self.use = _use_files() if self.cores < (os.cpu_count() or 1) else None
        self.looked, self.used = time.monotonic(), self._used()

    def idle(self) -> int:
        """Return how many processors stand idle, at least 0."""
        text = os.pread(self.runnable, 100, 0)
        runnable = int(text.split()[3].partition(b"/")[0]) - 1  # we are one of them
        return max(0, self.cores - runnable, self._unused())

    def _unused(self) -> int:
        if self.use is None:
            return 0
        now = time.monotonic()
        if now - self.looked < _SHORTEST:
            return 0
        used = self._used()
        busy = (used - self.used) / (now - self.looked)
        self.looked, self.used = now, used
        return math.floor(self.cores - busy + 0.1)

    def _used(self) -> float:
        """Seconds of processor time that our control group has used in its life."""
        if self.use is None:
            return 0.0
        path, unit = self.use
        text = path.read_text()
        return int(text.split()[1] if path.name == "cpu.stat" else text) * unit


def _use_files() -> tuple[Path, float] | None:
    """Where our control group's use is to be read, and the unit in seconds."""
    for controller, name, unit in (("", "cpu.stat", 1e-6), ("cpuacct", "cpuacct.usage", 1e-9)):
        for group in _groups(controller):
            if (group / name).is_file() and (name != "cpu.stat" or _has_use(group / name)):
                return group / name, unit
    return None


def _has_use(path: Path) -> bool:
    return path.read_text().startswith("usage_usec")
