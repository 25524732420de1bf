"""The /proc of an episode: its own processes, and of the rest of the machine what programs need to know.

Files such as /proc/meminfo and /proc/cpuinfo stay, since libraries size themselves by them. What tells an
agent only about the host, or about others who use it, is covered; each cover costs about 12 us an episode.
"""

import functools
import os
from pathlib import Path

import syscalls

_TELLTALES = (
    "acpi",
    "asound",
    "bus",
    "cmdline",
    "diskstats",
    "driver",
    "dynamic_debug",
    "fs",
    "interrupts",
    "irq",
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "latency_stats",
    "locks",
    "modules",
    "mtrr",
    "partitions",
    "sched_debug",
    "scsi",
    "sysrq-trigger",
    "timer_list",
    "tty",
)
_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


@functools.cache
def telltales() -> tuple[tuple[str, str], ...]:
    """Pair what this kernel has of them with covers; the same in every episode."""
    needed = {"driver"} if Path("/dev/nvidiactl").exists() else set()
    paths = [Path("/proc", name) for name in _TELLTALES if name not in needed]
    return tuple(
        (str(path), "/empty" if path.is_dir() else "/empty.file")
        for path in paths
        if os.access(path, os.R_OK)
    )


def mount() -> None:
    """Mount the /proc of this process's pid namespace."""
    covers = telltales()
    syscalls.mount("proc", "/proc", "proc", _FLAGS)
    syscalls.bind_read_only("/proc/sys", "/proc/sys")  # some of it belongs to our namespaces' owner
    for path, cover in covers:
        syscalls.mount(cover, path, None, syscalls.MS_BIND)
