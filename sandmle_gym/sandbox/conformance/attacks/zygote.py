"""After the zygote and process 1, from which every later command and episode is made."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_LIMITS = """
import os, resource
names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
for name in names:
    if name in @SPARED@: continue
    kind = getattr(resource, name)
    for pid in (1, os.getppid()):
        try: resource.prlimit(pid, kind, (0, 0))
        except (OSError, ValueError): pass
print("tried")
"""
_SLOW_DOWN = """
import os
for pid in (1, os.getppid()):
    for call in (
        lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
        lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
        lambda: os.setpriority(os.PRIO_USER, 0, 19),
        lambda: os.sched_setaffinity(pid, {0}),
        lambda: open(f"/proc/{pid}/oom_score_adj", "w").write("1000"),
        lambda: open(f"/proc/{pid}/comm", "w").write("x"),
        lambda: open(f"/proc/{pid}/timerslack_ns", "w").write("9" * 12),
        lambda: open(f"/proc/{pid}/clear_refs", "w").write("1"),
    ):
        try: call()
        except OSError: pass
print("tried")
"""
_SIGNALS = """
import os, signal
for pid in (1, os.getppid()):
    for number in range(1, 65):
        for _ in range(20):
            try: os.kill(pid, number)
            except OSError: pass
print("tried")
"""
_TRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in (1, os.getppid()):
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0: libc.ptrace(8, pid, 0, 0); libc.ptrace(0x4207, pid, 0, 0)
    for name in ("mem", "clear_refs", "attr/current", "ns/pid", "ns/user", "map_files", "root", "cwd"):
        try:
            fd = os.open(f"/proc/{pid}/{name}", os.O_RDWR if name == "mem" else os.O_RDONLY)
            print("opened", name); os.pwrite(fd, b"\\xcc" * 4096, 0x400000)
        except OSError: pass
print("tried")
"""
_SHARED = """
import ctypes
libc = ctypes.CDLL(None)
for line in open("/proc/self/maps"):
    span, rights, *_ = line.split()
    if rights[1] == "w" and rights[3] == "s" or "r--s" in rights:
        start, end = (int(x, 16) for x in span.split("-"))
        libc.mprotect(ctypes.c_void_p(start), end - start, 3)
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            try: memory.seek(start); memory.write(b"forged!!" * ((end - start) // 8))
            except OSError: pass
print("tried")
"""
_SIBLING = """
import ctypes, platform, time
libc = ctypes.CDLL(None, use_errno=True)
clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
for flags in (0x8000 | 17, 0x8000):  # CLONE_PARENT, with and without a signal at its end
    for _ in range(5):
        if libc.syscall(clone, flags, 0, 0, 0, 0) == 0: libc._exit(7)
time.sleep(0.1)
print("tried")
"""
_STOP_NEWCOMERS = """
import os, signal, subprocess, time
print("tried", flush=True)
if os.fork() == 0:
    known = set(os.listdir("/proc"))
    while True:
        for pid in set(os.listdir("/proc")) - known:
            try: os.listdir(f"/proc/{pid}/fd")
            except PermissionError: os.kill(int(pid), signal.SIGSTOP)
            except OSError: pass
running = [subprocess.Popen(["python", "-c", "pass"]) for _ in range(8)]
for process in running: process.wait()
"""
_POISON = """
import builtins, ctypes, sys
import numpy, pandas
numpy.sum = pandas.read_csv = lambda *_, **__: 1 / 0
cell = ctypes.cast(id(1) + 24, ctypes.POINTER(ctypes.c_int))
sys.modules["json"] = sys.modules["os"]
builtins.print("tried", flush=True)
builtins.print = lambda *_: sys.stdout.write("forged")
cell[0] = 7
"""

ATTACKS = (
    Attack(
        "signal_process_1",
        "No signal, however often, ends, stops or confuses process 1 of an episode.",
        "void",
        "python",
        _SIGNALS,
        then=(
            (
                "bash",
                "for n in $(seq 1 64); do kill -$n 1; done 2>/dev/null; kill -STOP 1; echo tried",
            ),
        ),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "trace_process_1",
        "Process 1 can be neither traced nor read nor written.",
        "void",
        "python",
        _TRACE,
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "take_limits_from_process_1",
        "Lowering every resource limit of process 1 ends the episode at most; it never voids it.",
        "void",
        "python",
        _LIMITS.replace("@SPARED@", "()"),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "take_descriptors_from_process_1",
        "A process 1 that may open no file any more ends the episode at most.",
        "void",
        "python",
        _LIMITS.replace("name in @SPARED@", "name != 'RLIMIT_NOFILE'"),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "take_memory_from_process_1",
        "A process 1 that may map no memory any more ends the episode at most.",
        "void",
        "bash",
        "prlimit --pid 1 --as=0 --data=0 --stack=0 2>/dev/null; prlimit --pid $PPID --as=0 --data=0 "
        "2>/dev/null; echo tried",
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "take_file_size_from_process_1",
        "A process 1 that may write no byte ends the episode at most.",
        "void",
        "python",
        "import signal\n"
        + _LIMITS.replace("name in @SPARED@", "name not in ('RLIMIT_FSIZE', 'RLIMIT_NPROC')"),
        put=("file",),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "take_processor_time_from_process_1",
        "A process 1 without processor time left ends the episode at most.",
        "void",
        "python",
        _LIMITS.replace("name in @SPARED@", "name not in ('RLIMIT_CPU', 'RLIMIT_RTTIME')"),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "have_a_sibling",
        "A process that makes itself a child of the zygote's or of process 1 confuses neither.",
        "void",
        "python",
        _SIBLING,
        then=(("cell", _SIBLING), ("bash", f"python - <<'END'\n{_SIBLING}\nEND")),
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "stop_every_newcomer",
        "Processes that are stopped while they are being made keep no time limit from being kept.",
        "time",
        "python",
        _STOP_NEWCOMERS,
        seconds=2.0,
        dangerous=True,
        unwalled="fails",
        why="`local` keeps its own clock, and makes nothing where the agent could stop it",
    ),
    Attack(
        "slow_process_1_down",
        "Priority and memory score of process 1 are of no use against it.",
        "void",
        "python",
        _SLOW_DOWN,
        unwalled="untried",
        why="there, the parent is the judge",
    ),
    Attack(
        "write_into_shared_memory",
        "What is shared with the zygote cannot be written.",
        "forged",
        "python",
        _SHARED,
        unwalled="fails",
        why="a fresh interpreter shares nothing",
    ),
    Attack(
        "poison_the_interpreter",
        "What a script does to its modules and objects is not there in the next one.",
        "forged",
        "python",
        _POISON,
        unwalled="fails",
        why="every command is an interpreter of its own",
    ),
    Attack(
        "enter_the_namespaces_of_process_1",
        "The namespaces around the episode cannot be entered.",
        "privilege",
        "python",
        "import ctypes, os, time\nlibc = ctypes.CDLL(None)\nlibc.prctl(15, b'@MARK@')\n"
        "for pid in (1, os.getppid()):\n"
        "    for name in ('user', 'mnt', 'pid', 'net', 'cgroup', 'uts', 'ipc', 'time'):\n"
        "        try: fd = os.open(f'/proc/{pid}/ns/{name}', os.O_RDONLY)\n"
        "        except OSError: continue\n"
        "        if libc.setns(fd, 0) == 0: time.sleep(0.3)\n"
        "print('tried')",
        as_root=True,
    ),
)
