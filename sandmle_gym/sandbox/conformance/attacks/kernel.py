"""After the kernel's rarer doors: objects whose code paths have let others out.

Each program keeps what it got for half a second, in which the host finds it among its open files.
"""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_START = (
    "import ctypes, mmap, os, platform, struct, time\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "libc.syscall.restype = ctypes.c_long\nlibc.prctl(15, b'@MARK@')\n"
    "x86 = platform.machine() == 'x86_64'\n"
)
_END = "\nprint('tried', flush=True)\nif fd >= 0: time.sleep(0.6)"


def _descriptor(name: str, law: str, call: str, *, as_root: bool = False, why: str = "") -> Attack:
    """Build an attack that asks for one kind of descriptor."""
    return Attack(
        name,
        law,
        "kernel_object",
        "python",
        f"{_START}{call}{_END}",
        as_root=as_root,
        unwalled="fails" if why else "succeeds",
        why=why,
    )


_KEYS = """
add, keyctl = (248, 250) if x86 else (217, 219)
data = b"x"
for ring in (-3, -4, -5):
    key = libc.syscall(add, b"user", b"@MARK@", data, 1, ring)
    if key > 0: libc.syscall(keyctl, 15, key, 60)  # it would stay for good where nothing stops it
libc.syscall(keyctl, 0, -3, 1); libc.syscall(keyctl, 1, b"@MARK@")
print("tried")
"""
_IPC = """
get, queue = (29, 68) if x86 else (194, 186)
libc.syscall(get, @IPCKEY@, 4096, 0o1666); libc.syscall(queue, @IPCKEY@, 0o1666)
name = b"/@MARK@"
libc.mq_open(name, 0o102, 0o666, None)
print("tried")
"""
_INT_80 = """
code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")  # socket(AF_INET, SOCK_STREAM) of i386
page = mmap.mmap(-1, 4096, prot=7)
page.write(code)
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print("tried", flush=True)
if call() >= 0: time.sleep(0.6)
"""
_X32 = """
print("tried", flush=True)
if libc.syscall(0x40000000 | 41, 2, 1, 0) >= 0: time.sleep(0.6)
"""
_DEVICES = """
fd = -1
for mode, major, minor in ((0o060600, 7, 0), (0o060600, 254, 0), (0o060600, 8, 0), (0o020600, 1, 11),
                           (0o020600, 1, 1), (0o020600, 10, 229), (0o020600, 10, 200), (0o020600, 5, 0)):
    for place in (".", "/tmp", "/dev", "/dev/shm"):
        path = f"{place}/@MARK@{major}.{minor}"
        try: os.mknod(path, mode, os.makedev(major, minor)); fd = max(fd, os.open(path, os.O_RDONLY | 0o4000))
        except OSError: pass
for name in ("kvm", "fuse", "net/tun", "mem", "kmsg", "sda", "vda", "nvme0n1", "loop-control", "vsock"):
    try: fd = max(fd, os.open("/dev/" + name, os.O_RDONLY | 0o4000))
    except OSError: pass
"""

ATTACKS = (
    _descriptor(
        "set_up_an_io_uring",
        "No io_uring, which works around filters on system calls.",
        "fd = libc.syscall(425, 4, ctypes.create_string_buffer(120))",
    ),
    _descriptor(
        "load_a_bpf_program",
        "No BPF map or program.",
        "fd = libc.syscall(321 if x86 else 280, 0, struct.pack('5I', 2, 4, 4, 1, 0) + bytes(100), 120)",
        as_root=True,
    ),
    _descriptor(
        "watch_events",
        "No performance counters, which tell what others do.",
        "fd = libc.syscall(298 if x86 else 241, struct.pack('IIQQQQQ', 1, 112, 0, 0, 0, 0, 0x61)"
        " + bytes(64), 0, -1, -1, 0)",
        as_root=True,
    ),
    _descriptor(
        "handle_page_faults",
        "No userfaultfd, with which races in the kernel are won.",
        "fd = libc.syscall(323 if x86 else 282, 1)",
    ),
    _descriptor(
        "make_a_file_without_a_name",
        "No anonymous memory file, which no limit on the disk counts.",
        "fd = libc.syscall(319 if x86 else 279, b'x', 0)",
    ),
    _descriptor(
        "mount_with_the_new_calls",
        "No file system context, detached tree or mount by the newer calls.",
        "fd = max(libc.syscall(430, b'tmpfs', 0), libc.syscall(428, -100, b'/', 1), "
        "libc.syscall(433, -100, b'/', 0))",
        as_root=True,
    ),
    _descriptor(
        "listen_to_the_file_system",
        "No fanotify, which hears of files elsewhere.",
        "fd = libc.syscall(300 if x86 else 262, 0, 0)",
        as_root=True,
    ),
    _descriptor(
        "open_devices",
        "No device but the harmless ones can be made or opened.",
        _DEVICES,
        as_root=True,
    ),
    Attack(
        "keep_something_in_the_keyring",
        "No keyring, which outlives an episode and is shared by a user's processes.",
        "leftover",
        "python",
        _START + _KEYS,
    ),
    Attack(
        "keep_something_in_system_v_memory",
        "No System V or POSIX message queue or memory, which outlive processes and escape limits.",
        "leftover",
        "python",
        _START + _IPC,
    ),
    Attack(
        "call_the_kernel_as_32_bits",
        "The 32-bit entry of a 64-bit kernel is closed as well.",
        "kernel_object",
        "python",
        _START + _INT_80,
        machine="x86_64",
        unwalled="depends",
        why="a kernel may be built without it",
    ),
    Attack(
        "call_the_kernel_as_x32",
        "The x32 entry, whose numbers a careless filter does not know, is closed as well.",
        "kernel_object",
        "python",
        _START + _X32,
        machine="x86_64",
        unwalled="depends",
        why="a kernel may be built without it",
    ),
)
