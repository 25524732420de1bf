"""How many processors there are for us: by affinity, and by the quota of our control group."""

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def count() -> int:
    """Return how many commands can run at once."""
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
