"""Landlock: the kernel's own list of what a process may do to files, kept by another mechanism than mounts.

A layer more, where the kernel has it (Linux 5.13; what it offers grows with its ABI number). Rules once
enforced hold for the thread and all its descendants, and cannot be lifted. Signals and abstract sockets are
not restricted: a shell and a run of Python have rules of their own each, and must reach each other; that
nobody else can be reached is the namespaces' doing.
"""

import errno
import os
import struct
import threading
from collections.abc import Callable, Iterable

import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_FOR_ABI = 1
_PATH_BENEATH = 1
_KEEP_OUT_OF_THE_AUDIT_LOG = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = {1: 1 << 13, 2: 1 << 14, 3: _TRUNCATE << 1, 5: _IOCTL_DEV << 1}
"""ABI -> one above the highest right on files that it knows."""
_TCP = 3  # bind, connect

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_USE_DEVICE = _READ_FILE | _WRITE_FILE | _READ_DIR | _TRUNCATE | _IOCTL_DEV
_SPEAK_TO_KERNEL = _READ | _WRITE_FILE | _TRUNCATE


def abi() -> int:
    """Return the version of Landlock that this kernel offers; 0: none."""
    try:
        return _call(_CREATE_RULESET, None, 0, _ASK_FOR_ABI)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def restrict(version: int, writable: Iterable[str]) -> None:
    """Let this thread read and execute everything that it can reach, and change files only in some places.

    Args:
        version: What `abi` returned; 0: do nothing.
        writable: Directories in which files may be made and changed, device nodes excepted.

    Needs `no_new_privileges`.
    """
    if version == 0:
        return
    every = _FILE_RIGHTS[max(known for known in _FILE_RIGHTS if known <= version)] - 1
    tcp = _TCP if version >= 4 else 0
    attributes = struct.pack("Q", every) + (struct.pack("Q", tcp) if tcp else b"")
    rules = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    change = every & ~(_MAKE_CHAR | _MAKE_BLOCK)
    allowed = {"/": _READ, "/dev": _USE_DEVICE, "/proc": _SPEAK_TO_KERNEL}
    for place, rights in (allowed | dict.fromkeys(writable, change)).items():
        beneath = os.open(place, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", rights & every, beneath)
        _call(_ADD_RULE, rules, _PATH_BENEATH, rule, 0)
        os.close(beneath)
    _call(_RESTRICT_SELF, rules, _KEEP_OUT_OF_THE_AUDIT_LOG if version >= 7 else 0)
    os.close(rules)


def spawn(version: int, writable: Iterable[str], call: Callable[[], int]) -> int:
    """Return what `call` returns in a thread under the rules: a process that it starts is bound, we are not.

    So a program can be spawned without a copy of our memory first, which takes eight times as long.

    Raises:
        OSError: `call` did, or there can be no thread.
    """
    outcome: list[int | OSError] = []

    def confined() -> None:
        try:
            restrict(version, writable)
            outcome.append(call())
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=confined)
    try:
        thread.start()
    except RuntimeError as error:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
    thread.join()
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    return outcome[0]


def _call(number: int, *arguments: int | bytes | None) -> int:
    return syscalls.check(syscalls.libc.syscall(number, *arguments), f"landlock({number})")
