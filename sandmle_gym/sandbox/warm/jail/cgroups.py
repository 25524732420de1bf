"""Control groups around all zygotes of a user and their episodes, version 1 or 2, where we may make them.

    sandmle-0               the caps, for all zygotes together
    └── 4711-1252185        one zygote and its episodes, named after the process that removes it

Entering one costs a wait of 5 to 25 ms for the kernel's other processors, so a zygote enters once, before
it starts, and everything that is forked from it is inside for nothing. Who starts next sweeps away the
groups of the dead.
"""

import contextlib
import errno
import os
import time
from pathlib import Path
from typing import NamedTuple

_CONTROLLERS = ("memory", "pids")
_CAPS = {
    1: {"memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), "pids": ("pids.max",)},
    2: {"memory": ("memory.max",), "pids": ("pids.max",)},
}
_NO_SWAP = "memory.swap.max"
_MEMBERS = "cgroup.procs"
_ENABLED = "cgroup.subtree_control"
_TRIES, _PAUSE = 50, 0.01


class Place(NamedTuple):
    """A directory below which a group for one controller may be made."""

    controller: str
    version: int
    directory: Path


class Cage:
    """One zygote's group for each controller; made for the caller's next child, removed when that is gone."""

    def __init__(self, caps: dict[str, int], below: str | None) -> None:
        """Make the groups and set the caps; on an error nothing is left.

        Args:
            caps: Bytes of `memory` and number of `pids`, for all zygotes of this user together.
            below: An existing group to make ours in: its directory, or a path below each hierarchy's mount
                point. None: the one that we are in.

        Raises:
            OSError: There are no groups here, or not for us; says which and why.
        """
        self._maker = os.getpid()
        self._ours = f"sandmle-{os.geteuid()}"
        self.name = f"{self._maker}-{_started(self._maker)}"
        self.places = [_place(controller, below) for controller in _CONTROLLERS]
        # The caller will leave this mount namespace, in which alone the paths mean something.
        self._parents = [
            os.open(place.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for place in self.places
        ]
        try:
            for place in self.places:
                self._make(place, caps[place.controller])
        except BaseException:
            self.remove()
            raise

    def _make(self, place: Place, cap: int) -> None:
        if place.version == 2:
            _enable(place)
        ours = place.directory / self._ours
        for attempt in range(_TRIES):
            ours.mkdir(exist_ok=True)
            try:
                (ours / self.name).mkdir(exist_ok=True)
                break
            except FileNotFoundError:  # the last of the others has just removed ours
                if attempt == _TRIES - 1:
                    raise
        _sweep(ours)
        first, *others = _CAPS[place.version][place.controller]
        _write(ours / first, str(cap))
        for name in others:
            if (ours / name).exists():
                _write(ours / name, str(cap))
        if (ours / _NO_SWAP).exists():
            _write(ours / _NO_SWAP, "0")

    def enter(self) -> None:
        """Move the calling process in, with all its later children, and see that it is there."""
        for place in self.places:
            _write(place.directory / self._ours / self.name / _MEMBERS, "0")
            if not _membership(place.controller, place.version).endswith(f"/{self.name}"):
                raise OSError(errno.EIO, f"{place.directory}: not in the group that we entered")

    def remove(self) -> None:
        """Remove the groups, whose members are dead; works from any mount namespace, for the maker alone."""
        if os.getpid() != self._maker:
            return
        for parent in self._parents:
            _remove(f"{self._ours}/{self.name}", parent)
            with contextlib.suppress(OSError):  # others are in it
                os.rmdir(self._ours, dir_fd=parent)
            os.close(parent)
        self._parents.clear()

    def __str__(self) -> str:
        versions = sorted({f"v{place.version}" for place in self.places})
        return f"cgroup {' and '.join(versions)}"


def _place(controller: str, below: str | None) -> Place:
    """Find where a group for a controller goes."""
    for version, kind in ((1, "cgroup"), (2, "cgroup2")):
        for root, mount, options in _mounts(kind):
            if version == 1 and controller not in options:
                continue
            own = Path(mount, _membership(controller, version).removeprefix(root).lstrip("/"))
            directory = own if below is None else _named(below, mount)
            if version == 2 and controller not in _words(directory / "cgroup.controllers"):
                continue
            if not directory.is_dir():
                raise OSError(errno.ENOENT, f"{directory}: no such cgroup")
            return Place(controller, version, directory)
    raise OSError(errno.ENOENT, f"no cgroup hierarchy offers {controller} here")


def _named(below: str, mount: str) -> Path:
    return Path(below) if below.startswith(f"{mount}/") else Path(mount, below.strip("/"))


def _mounts(kind: str) -> list[tuple[str, str, list[str]]]:
    """Return root, mount point and options of every mounted hierarchy (proc(5), mountinfo)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] == kind:
            root, mount = before.split()[3:5]
            found.append((root.rstrip("/"), mount, after.split()[2].split(",")))
    return found


def _membership(controller: str, version: int) -> str:
    """Return the group that we are in, as a path in its hierarchy."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") if version == 1 else not controllers:
            return path
    return ""


def _enable(place: Place) -> None:
    """Have version 2 offer the controller to groups inside; only a group without processes may."""
    switch = place.directory / _ENABLED
    if place.controller not in _words(switch):
        _write(switch, f"+{place.controller}")


def _words(file: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return file.read_text().split()
    return []


def _write(file: Path, text: str) -> None:
    """Write at once: the kernel answers per call, and a buffered file would hide the answer."""
    fd = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, f"{file}: {error.strerror}") from error
    finally:
        os.close(fd)


def _sweep(ours: Path) -> None:
    """Remove the groups whose makers are dead. One that is not empty yet stays for the next time."""
    for group in ours.glob("*-*"):
        pid, _, started = group.name.partition("-")
        if _started(int(pid)) != started:
            with contextlib.suppress(OSError):
                group.rmdir()


def _remove(name: str, parent: int) -> None:
    for _ in range(_TRIES):
        try:
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(_PAUSE)  # a member is dying
        else:
            return


def _started(pid: int) -> str:
    """Return when a process started, in ticks since boot; empty when there is none, or it has ended."""
    with contextlib.suppress(OSError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else fields[18]
    return ""
