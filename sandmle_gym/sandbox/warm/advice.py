"""Why a machine offers no isolation, in words, and what its owner can do about it."""

import errno
import os
import platform
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError

_MACHINES = ("x86_64", "aarch64")
_OLDEST_KERNEL = (5, 14)
"""mount_setattr came with 5.12, process limits per user namespace with 5.14."""
_CAP_SYS_ADMIN = 1 << 21
_ALL_IDS = 4294967295

_SWITCHES = {
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "sysctl kernel.unprivileged_userns_clone=1",
    ),
    "/proc/sys/user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=15000"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (or an AppArmor profile for python)",
    ),
}


def choose_root() -> bool:
    """Say whether to use the real root's privileges (True) or a user namespace (False).

    Raises:
        IsolationUnavailableError: This kind of machine or user has no way to either.
    """
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in _MACHINES:
        raise IsolationUnavailableError(
            f"the warm sandbox needs Linux on {' or '.join(_MACHINES)}, this is {system} on {machine}"
        )
    version = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    if version < _OLDEST_KERNEL:
        raise IsolationUnavailableError(
            f"the warm sandbox needs Linux {_OLDEST_KERNEL[0]}.{_OLDEST_KERNEL[1]} or newer, "
            f"this is {platform.release()}"
        )
    if not Path("/proc/self/mountinfo").exists():
        raise IsolationUnavailableError("the warm sandbox needs /proc, and none is mounted here")
    if os.geteuid() != 0 or not _every_user_exists():
        return False
    if not _effective_capabilities() & _CAP_SYS_ADMIN:
        raise IsolationUnavailableError(
            "root without CAP_SYS_ADMIN (a container?) cannot build a sandbox, and process limits do "
            "not bind user 0; run as an ordinary user, or give the container --cap-add SYS_ADMIN"
        )
    return True


def advice(report: dict[str, Any]) -> str:
    """Turn a report of `jail/root.py` about a failed layer into a sentence for the machine's owner."""
    text = f"isolation fails at {report['failed']}: {report['message']}"
    if report.get("errno") not in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL):
        return text
    for path, (value, remedy) in _SWITCHES.items():
        if _read(path) == value:
            return f"{text}. {path} is {value}: as root, run {remedy}"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return (
            f"{text}. In a container, start it with --security-opt seccomp=unconfined "
            "--security-opt systempaths=unconfined and an ordinary user"
        )
    return text


def _every_user_exists() -> bool:
    """Whether user ids are the machine's own, not the few of a container's user namespace."""
    fields = _read("/proc/self/uid_map").split()
    return len(fields) == 3 and int(fields[2]) == _ALL_IDS


def _effective_capabilities() -> int:
    for line in _read("/proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
