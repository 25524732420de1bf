"""The walls of one episode: its first process puts them up around itself, and runs of Python join it there.

Order matters: namespaces and mounts need privileges, which the later steps give up for good.
"""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import landlock
import proc
import processes
import root
import syscall_filter
import syscalls

AGENT = 1000
"""User and group of agent code as it sees itself."""
WORK, DATA = "/work", "/data"
_AREAS = {"work": WORK, "tmp": "/tmp", "shm": "/dev/shm", "run": "/run"}
_SETUP_INODES = 8
_LONG_AGO = 1_735_689_600  # 2025-01-01: file times that are the same in every run


def prepare() -> None:
    """Put up around the calling process, pid 1 of a fresh pid namespace, what all episodes have alike."""
    syscalls.unshare(
        syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWUTS | syscalls.NEWNET, "episode namespaces"
    )
    proc.mount()
    _die_first()


def enter(request: dict[str, Any], *, as_root: bool, mapped: int) -> None:
    """Wall the calling process into its episode, after `prepare`.

    Args:
        request: `user` (host user id, used when `as_root`), `public` (path below the public root or
            None) and `resources` (the fields of `Resources`).
        as_root: Whether the zygote runs with the real root's privileges or in a user namespace.
        mapped: Bytes of address space that the warm interpreter has before agent code runs.
    """
    owner = request["user"] if as_root else 0
    resources = request["resources"]
    _mount_areas(resources, owner)
    _show_public(request["public"], owner)
    _become_agent(owner, as_root=as_root)
    _limit(resources, mapped)
    _give_up_privileges()


def join(handle: int, request: dict[str, Any], *, as_root: bool, mapped: int) -> None:
    """Wall the calling process, a fresh fork of the zygote in the episode's pid namespace, in as well.

    It cannot be looked into from the episode until it says so itself (`set_dumpable`).

    Args:
        handle: pidfd of the episode's first process, whose walls are up.
        request: See `enter`; `public` is not needed.
        as_root: See `enter`.
        mapped: See `enter`.

    Raises:
        OSError: The episode is dying, or has as many processes as it may.
    """
    syscalls.setns(handle, syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWUTS | syscalls.NEWNET)
    _die_first()
    _limit(request["resources"], mapped)  # first: the change of user counts our processes
    if as_root:
        os.setgroups([])
    try:
        syscalls.setns(handle, syscalls.NEWUSER)
        user = AGENT
    except OSError as error:
        if error.errno != errno.EINVAL or not as_root:
            raise
        user = request["user"]  # it has no user namespace of its own; see `_become_agent`
        syscalls.keep_capabilities()
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    syscalls.set_capabilities(syscalls.CAP_SETPCAP)
    _give_up_privileges()
    landlock.restrict(landlock.abi(), _AREAS.values())
    flags = int(processes.stat("thread-self").split()[6])
    if flags & _PF_NPROC_EXCEEDED:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _die_first() -> None:
    fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    os.write(fd, b"1000")  # the agent dies before the trainer does
    os.close(fd)


def _give_up_privileges() -> None:
    syscalls.drop_capabilities()
    syscalls.no_new_privileges()
    syscalls.set_dumpable(False)
    syscall_filter.install()


def spawn_restricted(spawn: Callable[[], int]) -> int:
    """Start a program of the agent from process 1, under Landlock; `spawn` returns its process id.

    Process 1 itself is not: it has to look into the others, which Landlock grants to ancestors alone.
    """
    return landlock.spawn(landlock.abi(), _AREAS.values(), spawn)


def _mount_areas(resources: dict[str, int], owner: int) -> None:
    """Mount one tmpfs for all that the episode may write, and show its parts at their places."""
    size = f"size={resources['disk_mb']}m,nr_inodes={resources['inodes'] + _SETUP_INODES},mode=755"
    syscalls.mount("tmpfs", "/box", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, size)
    for name, target in _AREAS.items():
        area = Path("/box", name)
        area.mkdir(mode=0o700)
        os.chown(area, owner, owner)
        syscalls.mount(str(area), target, None, syscalls.MS_BIND)
    syscalls.unmount("/box")


def _show_public(public: str | None, owner: int) -> None:
    """Bind the episode's own public files to /data, link them into the working directory, hide the rest."""
    if public is not None:
        syscalls.bind(f"/public/{public}", DATA)
        for file in sorted(Path(DATA).iterdir()):
            link = Path(WORK, file.name)
            link.symlink_to(file)
            os.chown(link, owner, owner, follow_symlinks=False)
            os.utime(link, (_LONG_AGO, _LONG_AGO), follow_symlinks=False)
    if Path("/public").is_mount():
        syscalls.unmount("/public")


def _become_agent(owner: int, *, as_root: bool) -> None:
    """Take the episode's own user, and user 1000 inside a user namespace of its own.

    Processes are counted per real user and per namespace, so the limit on them holds per episode.
    """
    if as_root:
        os.setgroups([])
        syscalls.keep_capabilities()
        os.setresgid(owner, owner, owner)
        os.setresuid(owner, owner, owner)
        # Not an ordinary user's right everywhere; and what it takes to give up the rest.
        syscalls.set_capabilities(syscalls.CAP_SYS_ADMIN | syscalls.CAP_SETPCAP)
    try:
        syscalls.unshare(syscalls.NEWUSER, "user namespace")
    except OSError:
        if as_root:  # user namespaces are switched off: the agent sees its number instead of a name
            return
        raise
    syscalls.set_dumpable(True)  # else /proc/self belongs to the host's root
    root.map_identity(owner, owner, inside=AGENT)


_PF_NPROC_EXCEEDED = 0x1000
"""Flag of a process whose last change of user went to one with too many processes: only its next `exec`
would fail otherwise (include/linux/sched.h)."""


def _limit(resources: dict[str, int], mapped: int) -> None:
    limits = {
        resource.RLIMIT_AS: mapped + (resources["memory_mb"] << 20),
        resource.RLIMIT_FSIZE: resources["disk_mb"] << 20,
        resource.RLIMIT_NOFILE: resources["open_files"],
        resource.RLIMIT_NPROC: resources["processes"],
        # One byte: no core file, and unlike zero it also keeps the host's piped core handler asleep.
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
