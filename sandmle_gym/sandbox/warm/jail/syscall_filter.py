"""The system-call filter of agent code: a deny-list as a classic BPF program (seccomp(2)).

It closes what namespaces leave open: the kernel's rarely used doors (bpf, io_uring, keyrings, userfaultfd
…), new namespaces, tracing, every socket family but AF_UNIX, memory that no limit of ours counts (memfd,
System V shared memory), and the calls by which a process may change the limits or the priority of another
of the same user: process 1 of the episode is one, and the limits of agent code hang on it.
"""

import ctypes
import errno
import functools
import os
import struct

import syscalls

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ARCHITECTURES = tuple(_AUDIT_ARCH)

# name: (number on x86_64, number on aarch64), from the kernel's unistd.h; None: it has no such call
_DENIED: dict[str, tuple[int, int | None]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "open_tree_attr": (467, 467),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "listns": (470, 470),
    "sysfs": (139, None),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "unshare": (272, 97),
    "setns": (308, 268),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "ioprio_set": (251, 30),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "personality": (135, 92),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "set_mempolicy_home_node": (450, 450),
    "remap_file_pages": (216, 234),
    "cachestat": (451, 451),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SOCKETS = ((41, 198), (53, 199))  # socket, socketpair
_IOCTL = (16, 29)
_SETPRIORITY = (141, 140)
_ON_A_PROCESS = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
}
"""Calls whose first argument is a process that they change. They ask for the same user and no more."""
_INIT = 1

_CLONE_NEW_ANY = 0x7E020000
_CLONE_PARENT = 0x00008000
_PRIO_USER = 2
_AF_UNIX = 1
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_X32_BIT = 0x40000000

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_FIRST, _OFFSET_SECOND = 0, 4, 16, 24
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@functools.cache
def program(machine: str) -> bytes:
    """Assemble the filter for a machine of `ARCHITECTURES`."""
    column = ARCHITECTURES.index(machine)
    parts = [
        _load(_OFFSET_ARCH),
        _skip_unless_equal(_AUDIT_ARCH[machine], then=_return(_KILL), negate=True),
        _load(_OFFSET_NUMBER),
        _jump(0x35, _X32_BIT, 0, 1) + _return(_KILL),
        # glibc falls back to clone, whose flags a filter can read
        _skip_unless_equal(_CLONE3[column], then=_return(_ERRNO | errno.ENOSYS)),
        _on_argument(
            _CLONE[column],
            _OFFSET_FIRST,
            _jump(0x45, _CLONE_NEW_ANY | _CLONE_PARENT, 0, 1) + _REFUSE,
        ),
        _on_argument(_SETPRIORITY[column], _OFFSET_FIRST, _refuse(_PRIO_USER)),
        _on_argument(_SETPRIORITY[column], _OFFSET_SECOND, _refuse(_INIT)),
    ]
    family = _skip_unless_equal(_AF_UNIX, then=_return(_ERRNO | errno.EAFNOSUPPORT), negate=True)
    parts += [_on_argument(numbers[column], _OFFSET_FIRST, family) for numbers in _SOCKETS]
    parts += [
        _on_argument(_IOCTL[column], _OFFSET_SECOND, _refuse(request))
        for request in _TERMINAL_INJECTION
    ]
    parts += [
        _on_argument(numbers[column], _OFFSET_FIRST, _refuse(_INIT))
        for numbers in _ON_A_PROCESS.values()
    ]
    parts += [_refuse(numbers[column]) for numbers in _DENIED.values()]
    return b"".join([*parts, _return(_ALLOW)])


def install() -> None:
    """Put the filter over this process and all its descendants, for good."""
    code = program(os.uname().machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    loaded = _Program(len(code) // 8, ctypes.addressof(buffer))
    address = ctypes.addressof(loaded)
    result = syscalls.libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, address, 0, 0)
    syscalls.check(result, "seccomp filter")


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value & 0xFFFFFFFF)


def _load(offset: int) -> bytes:
    return _jump(0x20, offset, 0, 0)


def _return(action: int) -> bytes:
    return _jump(0x06, action, 0, 0)


def _skip_unless_equal(value: int, *, then: bytes, negate: bool = False) -> bytes:
    """Run `then` where the loaded word equals `value` (`negate`: where it does not)."""
    length = len(then) // 8
    return _jump(0x15, value, *((length, 0) if negate else (0, length))) + then


_REFUSE = _return(_ERRNO | errno.EPERM)


def _refuse(value: int | None) -> bytes:
    """Refuse where the loaded word equals `value`."""
    return b"" if value is None else _skip_unless_equal(value, then=_REFUSE)


def _on_argument(number: int, offset: int, test: bytes) -> bytes:
    """Run `test` on the low word of one argument of one call; the call's number is loaded again after."""
    body = _load(offset) + test + _load(_OFFSET_NUMBER)
    return _skip_unless_equal(number, then=body)
