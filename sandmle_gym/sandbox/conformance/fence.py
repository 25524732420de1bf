"""The outer limits that attacks run inside: processes and memory of the judge and all that it starts.

A fence is a pair of control groups (version 1 or 2) around a process; without the right to make one, an
ordinary user gets resource limits instead, which hold per user and per process. Either is tried with small
numbers first: a fence that was not seen to hold is no fence.
"""

import contextlib
import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROCESSES = 800
MEMORY_MB = 6144
"""Far above what one attacked episode may use, far below what hurts a machine."""
_ADDRESS_SPACE_MB = 16384
"""What one process may map; a warm interpreter maps a few GiB that it never touches."""
_TRIAL_PROCESSES, _TRIAL_MEMORY_MB = 16, 48
_TRIAL = f"""
import os, sys, time
sys.stdin.read(1)
made = 0
try:
    for made in range(4 * {_TRIAL_PROCESSES}):
        if os.fork() == 0: os.close(1); time.sleep(10); os._exit(0)
except OSError:
    print("refused", flush=True)
sys.stdin.read(1)
x = []
try:
    for _ in range(4 * {_TRIAL_MEMORY_MB}): x.append(b"x" * (1 << 20))
except MemoryError: os._exit(9)
print("unlimited", flush=True)
"""


class NoFenceError(Exception):
    """No outer limits can be put in force here; says why."""


class Fence:
    """Control groups with limits that have been seen in force."""

    def __init__(self) -> None:
        """Make them.

        Raises:
            NoFenceError: They cannot be made, or do not hold.
        """
        self._groups: dict[str, Path] = {}
        try:
            for controller in ("pids", "memory"):
                self._groups[controller] = _make_group(controller)
            self._limit(_TRIAL_PROCESSES, _TRIAL_MEMORY_MB)
            self._try()
            self._limit(PROCESSES, MEMORY_MB)
        except OSError as error:
            self.close()
            raise NoFenceError(f"control groups cannot be used: {error}") from error
        except BaseException:
            self.close()
            raise

    def add(self, pid: int) -> None:
        """Put a process, that must be a child of ours, inside; its descendants follow."""
        for group in self._groups.values():
            (group / "cgroup.procs").write_text(str(pid))

    def _limit(self, processes: int, memory_mb: int) -> None:
        pids, memory = self._groups["pids"], self._groups["memory"]
        (pids / "pids.max").write_text(str(processes))
        if (memory / "memory.max").exists():
            (memory / "memory.max").write_text(str(memory_mb << 20))
            with contextlib.suppress(OSError):
                (memory / "memory.swap.max").write_text("0")
            return
        both = memory / "memory.memsw.limit_in_bytes"  # never less than the other
        for _ in range(2 if both.exists() else 1):
            with contextlib.suppress(OSError):
                both.write_text(str(memory_mb << 20))
            with contextlib.suppress(OSError):
                (memory / "memory.limit_in_bytes").write_text(str(memory_mb << 20))

    def _try(self) -> None:
        """See a process in it being refused a child, and killed for its memory."""
        with _trial() as process:
            self.add(process.pid)
            _see_refusals(process)

    def close(self) -> None:
        """Kill whatever is left inside, by handle, and remove the groups."""
        for group in self._groups.values():
            end = time.monotonic() + 20
            while (pids := _members(group)) and time.monotonic() < end:
                for pid in pids:
                    _kill_member(pid, group)
                time.sleep(0.02)
            for folder in sorted(group.rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()


def limit_user() -> None:
    """Put resource limits around this very process and its descendants: for an ordinary user.

    Raises:
        NoFenceError: They would not hold.
    """
    if os.geteuid() == 0:
        raise NoFenceError("limits on processes do not bind root, and there are no control groups")
    with _trial(_limit_trial) as process:
        _see_refusals(process)
    _set(resource.RLIMIT_NPROC, _own_processes() + PROCESSES)
    _set(resource.RLIMIT_AS, _ADDRESS_SPACE_MB << 20)


def holds(pid: int) -> bool:
    """Say whether some limit of the host's on processes and one on memory lie around a process.

    Control groups count wherever they are; resource limits only where they bind this process as well,
    since an episode's own are what is under attack.
    """
    groups = dict(_groups_of(pid))
    limits = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}
    grouped = all(
        any(_is_limited(folder, limits[name]) for folder in groups.get(name, ())) for name in limits
    )
    return grouped or (_limited_user(os.getpid()) and _limited_user(pid))


def _limited_user(pid: int) -> bool:
    limits, user = {}, ""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
            limits[line[:25].strip()] = line[25:].split()[0]
        user = Path(f"/proc/{pid}/status").read_text().partition("Uid:\t")[2].split()[0]
    wanted = (limits.get(name) for name in ("Max processes", "Max address space"))
    return user not in ("", "0") and all(value not in (None, "unlimited") for value in wanted)


@contextlib.contextmanager
def _trial(prepare: object = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _TRIAL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=prepare,  # type: ignore[arg-type]
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # not yet waited for: the number is still its
            process.wait()


def _see_refusals(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b".")
    process.stdin.flush()
    if process.stdout.readline() != b"refused\n":
        raise NoFenceError("a limit on processes was set, and did not hold")
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(b".")
        process.stdin.flush()
    if process.stdout.readline():
        raise NoFenceError("a limit on memory was set, and did not hold")


def _limit_trial() -> None:
    _set(resource.RLIMIT_NPROC, _own_processes() + _TRIAL_PROCESSES)
    _set(resource.RLIMIT_AS, (_TRIAL_MEMORY_MB + 64) << 20)


def _set(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (limit, limit))


def _own_processes() -> int:
    """Count the threads of our user, as the kernel's limit does."""
    count = 0
    for task in Path("/proc").glob("[0-9]*/task"):
        with contextlib.suppress(OSError):
            if task.stat().st_uid == os.geteuid():
                count += len(list(task.iterdir()))
    return count


def _make_group(controller: str) -> Path:
    """Make a group below our own, or below the root where the rules of version 2 forbid that."""
    problem: Exception = NoFenceError(f"no control group for {controller} is mounted")
    for parent in _group_of_self(controller):
        group = parent / f"sandmle-fence-{secrets.token_hex(4)}"
        try:
            if (parent / "cgroup.subtree_control").exists():
                (parent / "cgroup.subtree_control").write_text(f"+{controller}")
            group.mkdir()
        except OSError as error:
            problem = error
            continue
        return group
    raise problem


def _group_of_self(controller: str) -> list[Path]:
    return list(dict(_groups_of(os.getpid())).get(controller, ()))


def _groups_of(pid: int) -> Iterator[tuple[str, list[Path]]]:
    """Yield, for each controller, the folders from a process's own group up to the root."""
    mounts = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            mounts[kind if kind == "cgroup2" else options] = left.split()[3:5]
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            for name in ("pids", "memory"):
                for options, (root, place) in mounts.items():
                    own = name in names.split(",") and name in options.split(",")
                    if own or (not names and options == "cgroup2"):
                        folder = Path(place, os.path.relpath(path, root))
                        chain = [folder, *folder.parents]
                        below = [part for part in chain if part.is_relative_to(place)]
                        if own or (Path(place, "cgroup.controllers").read_text().find(name) >= 0):
                            yield name, below


def _is_limited(folder: Path, names: tuple[str, ...]) -> bool:
    for name in names:
        with contextlib.suppress(OSError):
            text = (folder / name).read_text().strip()
            if text != "max" and int(text) < 1 << 50:
                return True
    return False


def _members(group: Path) -> list[int]:
    pids = []
    for folder in (group, *group.rglob("*/")):
        with contextlib.suppress(OSError):
            pids += [int(word) for word in (folder / "cgroup.procs").read_text().split()]
    return [pid for pid in pids if pid]


def _kill_member(pid: int, group: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if pid in _members(group):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
