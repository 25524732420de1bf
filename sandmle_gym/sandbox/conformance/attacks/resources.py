"""After more than its share: processes, memory, disk, descriptors, time.

Those without end come beside a bounded one of the same kind, which is their positive control.
"""

from sandmle_gym.sandbox.conformance.attacks.attack import SMALL, Attack

_UNBOUNDED = "without end; the bounded attack of its kind shows that the sign is seen"
_START = (
    "import ctypes, os, threading, time\nctypes.CDLL(None).prctl(15, b'@MARK@')\n"
    "print('tried', flush=True)\n"
)
_MANY_PROCESSES = f"""
for _ in range({3 * SMALL.processes}):
    try:
        if os.fork() == 0: time.sleep(20); os._exit(0)
    except OSError: break
time.sleep(1)
"""
_MANY_THREADS = f"""
try:
    for _ in range({3 * SMALL.processes}):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
except RuntimeError: pass
time.sleep(1); os._exit(0)
"""
_BOMB = """
while True:
    try: os.fork()
    except OSError: pass
"""
_TOGETHER = f"""
for _ in range(6):
    if os.fork() == 0:
        x = b"x" * ({SMALL.memory_mb // 3} << 20); time.sleep(20); os._exit(0)
time.sleep(11)
"""
_ALONE = f"""
x = []
try:
    while len(x) < {3 * SMALL.memory_mb}: x.append(b"x" * (1 << 20))
except MemoryError: pass
if len(x) > {2 * SMALL.memory_mb}: time.sleep(11)
"""
_MAPPED = f"""
import mmap
x = []
try:
    for _ in range({3 * SMALL.memory_mb // 16}):
        x.append(mmap.mmap(-1, 1 << 24)); x[-1].write(b"x" * (1 << 24))
except (OSError, MemoryError, ValueError): pass
if len(x) > {2 * SMALL.memory_mb // 16}: time.sleep(11)
"""
_GROWING = "x = 'y'\nwhile True: x += x"
_FORK_AND_ALLOCATE = """
x = []
for _ in range(8):
    try: os.fork()
    except OSError: pass
while True: x.append(b"x" * (1 << 20))
"""
_BUFFERS = """
import socket
held = []
try:
    while True:
        pair = socket.socketpair() if len(held) % 2 else os.pipe()
        held.append(pair)
        end = pair[1] if isinstance(pair[1], int) else pair[1].fileno()
        os.set_blocking(end, False)
        try:
            while True: os.write(end, b"x" * 65536)
        except BlockingIOError: pass
except OSError: pass
time.sleep(1)
"""
_IN_FLIGHT = """
import array, socket
held = []
try:
    while True:
        one, two = socket.socketpair()
        held.append((one, two))
        files = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
            while True: one.sendmsg([b"x"], rights, socket.MSG_DONTWAIT)
        except OSError: pass
        for fd in files: os.close(fd)
except OSError: pass
"""
_FILES = f"""
held = []
try:
    while len(held) < {4 * SMALL.open_files}: held.append(os.open("/dev/null", os.O_RDONLY))
except OSError: pass
time.sleep(0.6)
"""
_RAISE = """
import resource
for name in dir(resource):
    if name.startswith("RLIMIT_"):
        for limit in (-1, 1 << 19):
            try: resource.setrlimit(getattr(resource, name), (limit, limit))
            except (OSError, ValueError): pass
"""
_SPIN = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
for _ in range(8):
    try:
        if os.fork() == 0: break
    except OSError: pass
while True: pass
"""
_TIMERS = """
libc = ctypes.CDLL(None)
made = ctypes.c_void_p()
for _ in range(20000):
    if libc.timer_create(1, None, ctypes.byref(made)) != 0: break
for _ in range(200):
    try: os.eventfd(0)
    except OSError: break
held = []
inotify = libc.inotify_init()
for number in range(3000): libc.inotify_add_watch(inotify, b"/proc/self/task/.." , 2)
"""
_DISK_SIZES = tuple(f"fill{number}" for number in range(4))
_FILL = " ".join(_DISK_SIZES)


def _filling(name: str, law: str, program: str) -> Attack:
    """Build an attack on the disk that is told by what the host can fetch afterwards."""
    return Attack(
        name,
        law,
        "disk",
        "bash",
        f"{{ {program}; }} 2>/dev/null; echo tried",
        get=_DISK_SIZES,
        put=("file",),
        seconds=20,
    )


def _without_end(name: str, law: str, kind: str, program: str, *, seconds: float = 3.0) -> Attack:
    """Build an attack that only limits or the clock end."""
    return Attack(
        name,
        law,
        "memory" if "memory" in law else "processes",
        "bash" if kind == "bash" else "cell" if kind == "cell" else "python",
        program,
        seconds=seconds,
        dangerous=True,
        unwalled="untried",
        why=_UNBOUNDED,
    )


ATTACKS = (
    Attack(
        "start_many_processes",
        "An episode has no more processes than it may.",
        "processes",
        "python",
        _START + _MANY_PROCESSES,
        dangerous=True,
    ),
    Attack(
        "start_many_threads",
        "Threads count as processes.",
        "processes",
        "cell",
        _START + _MANY_THREADS,
        dangerous=True,
    ),
    _without_end(
        "fork_without_end",
        "A fork bomb stops at the limit on processes and dies with its command.",
        "python",
        _START + _BOMB,
    ),
    _without_end(
        "fork_without_end_in_a_cell",
        "A fork bomb in the session stops at the limit on processes.",
        "cell",
        _START + _BOMB,
    ),
    _without_end(
        "fork_without_end_in_a_shell",
        "The shell's fork bomb stops at the limit on processes.",
        "bash",
        "echo @MARK@ > /proc/$$/comm; echo tried; bomb() { bomb | bomb & }; bomb; sleep 60",
    ),
    _without_end(
        "start_pythons_without_end",
        "Warm processes that shells ask for count as processes of the episode.",
        "bash",
        "echo tried; while true; do python -c 'import time; time.sleep(30)' & done 2>/dev/null",
    ),
    Attack(
        "take_memory_in_one_process",
        "One process has no more memory than it may.",
        "memory",
        "python",
        _START + _ALONE,
        seconds=20,
        dangerous=True,
    ),
    Attack(
        "take_memory_in_many_processes",
        "All processes together have no more memory than one may.",
        "memory",
        "python",
        _START + _TOGETHER,
        seconds=20,
        dangerous=True,
    ),
    Attack(
        "take_memory_by_mapping",
        "Mapped memory counts.",
        "memory",
        "python",
        _START + _MAPPED,
        seconds=20,
        dangerous=True,
    ),
    _without_end(
        "take_memory_without_end",
        "A process that takes memory without end gets an error or dies alone.",
        "cell",
        _START + _GROWING,
        seconds=10,
    ),
    _without_end(
        "fork_and_take_memory_without_end",
        "Processes that multiply and take memory die, and the episode or its next command lives.",
        "python",
        _START + _FORK_AND_ALLOCATE,
        seconds=10,
    ),
    _without_end(
        "take_memory_in_buffers",
        "Buffers of pipes and sockets are bounded by the limit on open files: little memory fits.",
        "python",
        _START + _BUFFERS,
    ),
    _without_end(
        "send_descriptors_in_circles",
        "Open files in flight are bounded like those in hand, and their memory freed.",
        "python",
        _START + _IN_FLIGHT,
    ),
    _filling(
        "fill_the_disk",
        "Files of an episode hold no more than it may, all directories together.",
        f"for f in {_FILL}; do head -c 7M /dev/zero > $f; done",
    ),
    _filling(
        "reserve_the_disk",
        "Reserved space counts like written space.",
        f"for f in {_FILL}; do fallocate -l 7M $f || dd if=/dev/zero of=$f bs=7M count=1; done",
    ),
    Attack(
        "fill_other_directories",
        "Temporary directories and shared memory count as the episode's disk.",
        "disk",
        "bash",
        "for d in /tmp /dev/shm /var/tmp /run; do mkdir -p $d/@MARK@; "
        "for n in 1 2 3; do head -c 6M /dev/zero > $d/@MARK@/$n; done; done 2>/dev/null; "
        "cat /tmp/@MARK@/* /dev/shm/@MARK@/* /var/tmp/@MARK@/* /run/@MARK@/* 2>/dev/null | wc -c > loot; "
        "cp /tmp/@MARK@/1 fill0; cp /dev/shm/@MARK@/1 fill1; cp /tmp/@MARK@/2 fill2; cp "
        "/dev/shm/@MARK@/2 fill3; "
        "rm -rf /tmp/@MARK@ /dev/shm/@MARK@ /var/tmp/@MARK@ /run/@MARK@; echo tried",
        get=_DISK_SIZES,
        seconds=20,
    ),
    Attack(
        "make_many_files",
        "The number of files is limited.",
        "disk",
        "bash",
        f"for i in $(seq {2 * SMALL.inodes}); do : > f$i || break; done 2>/dev/null; echo tried",
        get=(f"f{SMALL.inodes + 20}",),
        put=("file",),
    ),
    Attack(
        "make_many_directories_and_links",
        "Directories and links count as files.",
        "disk",
        "bash",
        f"ln -s x l; for i in $(seq {2 * SMALL.inodes}); do mkdir d$i && cp -P l d$i/ || break; done "
        f"2>/dev/null; "
        f": > d{SMALL.inodes + 20}/f; echo tried",
        get=(f"d{SMALL.inodes + 20}/f",),
        seconds=30,
    ),
    Attack(
        "open_many_files",
        "One process has no more open files than it may.",
        "open_files",
        "python",
        _START + _RAISE + _FILES,
        as_root=True,
        unwalled="depends",
        why="the host may look when the files are closed already",
    ),
    Attack(
        "raise_the_limits",
        "Resource limits cannot be raised.",
        "processes",
        "python",
        _START + _RAISE + _MANY_PROCESSES,
        dangerous=True,
    ),
    Attack(
        "make_timers_and_watches",
        "Timers, events and watches are bounded, and do not outlive their process.",
        "time",
        "python",
        _START + _TIMERS,
        dangerous=True,
        unwalled="fails",
        why="the kernel bounds them by itself",
    ),
    Attack(
        "spin_on_every_core",
        "Processes that only burn time end with their limit, and the neighbours answer meanwhile.",
        "time",
        "python",
        _START + _SPIN,
        seconds=2.0,
        dangerous=True,
        unwalled="fails",
        why="`local` kills the process group in time, too",
    ),
    Attack(
        "stop_the_own_clock",
        "A command that stops itself is over in time.",
        "time",
        "bash",
        "echo tried; kill -STOP $$",
        seconds=1.0,
        unwalled="fails",
        why="`local` keeps its own clock, too",
    ),
)
