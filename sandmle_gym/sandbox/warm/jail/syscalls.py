"""Linux system calls that the standard library lacks, through ctypes; each raises `OSError` naming itself."""

import ctypes
import errno
import os
import struct

NEWNS = 0x00020000
NEWCGROUP = 0x02000000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

CAP_SETPCAP = 1 << 8
CAP_SYS_ADMIN = 1 << 21

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_ATTR_RDONLY = 1
_ATTR_NOSUID = 2
_ATTR_NODEV = 4

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 41

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR = 442
_CLOSE_RANGE = 436

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
libc.syscall.restype = ctypes.c_long


def check(result: int, what: str) -> int:
    """Return the result of a C call, or raise the `OSError` that `errno` holds."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int, what: str) -> None:
    """Leave the namespaces in `flags` for new ones."""
    check(libc.unshare(flags), f"unshare({what})")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace behind a file descriptor."""
    check(libc.setns(fd, kind), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Attach a file system to the tree (see its manual page)."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    check(libc.mount(*encoded, flags, data.encode()), f"mount({kind or source} on {target})")


def unmount(target: str) -> None:
    """Detach a mount point now; its last users may keep it alive unseen."""
    check(libc.umount2(os.fsencode(target), MNT_DETACH), f"umount({target})")


def bind(source: str, target: str) -> None:
    """Show a file or directory with everything mounted below it at a second place."""
    mount(source, target, None, MS_BIND | MS_REC)


def make_read_only(target: str, *, devices: bool = False) -> None:
    """Make a mount and all mounts below it read-only and set-user-id free (Linux 5.12).

    A plain remount would leave the mounts below writable.
    """
    attributes = _ATTR_RDONLY | _ATTR_NOSUID | (0 if devices else _ATTR_NODEV)
    request = struct.pack("QQQQ", attributes, 0, 0, 0)
    result = libc.syscall(
        _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, request, len(request)
    )
    check(result, f"mount_setattr({target})")


def bind_read_only(source: str, target: str) -> None:
    """Show a file or directory at a second place, read-only."""
    bind(source, target)
    make_read_only(target)


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root of this mount namespace and hang the former root at `old`."""
    number = _PIVOT_ROOT[os.uname().machine]
    check(libc.syscall(number, os.fsencode(new), os.fsencode(old)), "pivot_root")


def close_from(first: int) -> None:
    """Close every file descriptor from this number on, whatever the limit on them is now (Linux 5.9)."""
    last = ctypes.c_uint(0xFFFFFFFF)
    check(libc.syscall(_CLOSE_RANGE, ctypes.c_uint(first), last, 0), "close_range")


def die_with_parent(signal: int) -> None:
    """Have the kernel send `signal` when the parent dies."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def set_dumpable(on: bool) -> None:
    """Say whether processes of the same user may look into this one through /proc."""
    _prctl(_PR_SET_DUMPABLE, int(on))


def keep_capabilities() -> None:
    """Keep the permitted capabilities across the next change of user."""
    _prctl(_PR_SET_KEEPCAPS, 1)


def no_new_privileges() -> None:
    """Make set-user-id programs and file capabilities inert, for good."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_capabilities(mask: int) -> None:
    """Set the effective and permitted capabilities to `mask` and the inheritable ones to none."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    check(libc.capset(header, data), "capset")


def drop_capabilities() -> None:
    """Give up every capability, and the way to get one back by `exec`; needs CAP_SETPCAP."""
    for capability in range(_CAPABILITIES):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            break  # this kernel knows fewer capabilities
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    set_capabilities(0)


def _prctl(option: int, value: int) -> None:
    check(libc.prctl(option, value, 0, 0, 0), f"prctl({option}, {value})")
