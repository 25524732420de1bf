"""What the host sees of an attack while it runs: processes that carry its mark, and what they hold.

A program marks itself by its name (`PR_SET_NAME`, inherited by forks) or by its first argument.
"""

import contextlib
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandmle_gym.sandbox.base import Resources
from sandmle_gym.sandbox.conformance.attacks import Sign

_INTERVAL = 0.1
_SUSTAINED = 8.0
"""Seconds that memory must stay above the limit to count: some backends look at it now and then."""
_SLACK = 1.25
"""Factor for memory: the interpreter's own pages are the backend's, not the episode's."""
_FORBIDDEN = ("io_uring", "bpf", "perf_event", "userfaultfd", "fscontext", "fanotify", "memfd:")
_HARMLESS_DEVICES = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0)} | {
    (136, minor) for minor in range(64)
}
"""null, zero, full, random, urandom, the terminal and its likes."""


def marked(mark: str) -> Iterator[int]:
    """Yield the processes of the machine, dead ones apart, that carry a mark."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _carries(int(entry.name), mark):
            yield int(entry.name)


def _carries(pid: int, mark: str) -> bool:
    with contextlib.suppress(OSError):
        process = Path(f"/proc/{pid}")
        head, _, tail = (process / "stat").read_text().rpartition(")")
        if tail.split()[0] in "ZX":
            return False
        first = (process / "cmdline").read_bytes().split(b"\0")[0]
        return mark in (head.partition("(")[2], first.decode(errors="replace"))
    return False


def stands_still(pid: int) -> bool:
    """Whether a process is stopped."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    return False


def kill_marked(mark: str) -> None:
    """Kill them by handle, so that a number that has changed hands meanwhile hits nobody."""
    for pid in list(marked(mark)):
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(pid)
            try:
                if _carries(pid, mark):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


class Watch(threading.Thread):
    """Looks at the marked processes until it is stopped."""

    def __init__(self, mark: str, resources: Resources, beacon: Callable[[], object]) -> None:
        """Prepare; `beacon` is called with every look."""
        super().__init__(daemon=True)
        self._beacon = beacon
        self._mark = mark
        self._limits = resources
        self._over = threading.Event()
        self._above_since: float | None = None
        self.signs: dict[Sign, str] = {}

    def run(self) -> None:
        """Look ten times a second."""
        while not self._over.wait(_INTERVAL):
            self._beacon()
            pids = list(marked(self._mark))
            self._count(pids)
            for pid in pids:
                with contextlib.suppress(OSError):
                    self._look_at(Path(f"/proc/{pid}"))

    def stop(self) -> dict[Sign, str]:
        """End and tell what was seen."""
        self._over.set()
        self.join()
        return self.signs

    def _count(self, pids: list[int]) -> None:
        threads = 0
        for pid in pids:
            with contextlib.suppress(OSError):
                threads += len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - strings are wanted
        if threads > self._limits.processes:
            self.signs["processes"] = f"{threads} processes, {self._limits.processes} are allowed"
        used = sum(map(_memory_mb, pids))
        if used <= self._limits.memory_mb * _SLACK:
            self._above_since = None
            return
        self._above_since = self._above_since or time.monotonic()
        if time.monotonic() - self._above_since > _SUSTAINED:
            self.signs["memory"] = f"{used:.0f} MiB, {self._limits.memory_mb} are allowed"

    def _look_at(self, process: Path) -> None:
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
        )
        for field in ("CapEff", "CapPrm"):
            if int(status[field], 16):
                self.signs["privilege"] = f"{field} {status[field]}"
        held = [(process / "fd" / name) for name in os.listdir(process / "fd")]  # noqa: PTH208
        if len(held) > self._limits.open_files + 1:
            self.signs["open_files"] = f"{len(held)}, {self._limits.open_files} are allowed"
        for path in held:
            with contextlib.suppress(OSError):
                self._look_at_descriptor(process, path)

    def _look_at_descriptor(self, process: Path, path: Path) -> None:
        target = str(path.readlink())
        if any(kind in target for kind in _FORBIDDEN) and "body" not in target:
            self.signs["kernel_object"] = target
        if target.startswith("socket:["):
            number = target[8:-1]
            known = (process / "net/unix").read_text().split()
            if number not in known and path.exists():
                self.signs["kernel_object"] = f"{target} of another family than AF_UNIX"
            return
        status = path.stat()
        if stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode):
            device = os.major(status.st_rdev), os.minor(status.st_rdev)
            if device not in _HARMLESS_DEVICES:
                self.signs["kernel_object"] = f"device {device} as {target}"


def _memory_mb(pid: int) -> float:
    """Return the proportional set of a process, in MiB; its anonymous memory where that is hidden."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0
