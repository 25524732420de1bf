"""After the host's processes: see, signal, trace or change one."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_MEMORY = """
import ctypes, os
pid = @VICTIM@
libc = ctypes.CDLL(None, use_errno=True)
def through_the_file(start, size):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(start); return memory.read(size)
def through_the_call(start, size):
    buffer = ctypes.create_string_buffer(size)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), size)
    remote = (ctypes.c_void_p * 2)(start, size)
    libc.process_vm_readv(pid, local, 1, remote, 1, 0)
    return buffer.raw
try:
    for line in open(f"/proc/{pid}/maps"):
        if "[stack]" in line:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            for read in (through_the_file, through_the_call):
                for word in read(start, end - start).split(b"\\0"):
                    if b"CANARY" in word: print(word)
except OSError:
    pass
print("tried")
"""
_STEAL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
for pid in (@VICTIM@, 1, os.getppid()):
    handle = libc.syscall(434, pid, 0)
    for number in range(3, 64) if handle >= 0 else ():
        fd = libc.syscall(438, handle, number, 0)
        if fd >= 0:
            try: print(os.pread(fd, 1000, 0))
            except OSError: pass
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            if int(name) > 2: print(os.pread(os.open(f"/proc/{pid}/fd/{name}", os.O_RDONLY), 1000, 0))
    except OSError: pass
print("tried")
"""
_TRACE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace(0x4206, @VICTIM@, None, ctypes.c_void_p(0x100000))  # it dies with its tracer
print("tried")
"""
_CHANGE = """
import os, resource
pid = @VICTIM@
def attempt(call, *arguments):
    try: call(*arguments)
    except (OSError, ValueError): pass
attempt(os.setpriority, os.PRIO_PROCESS, pid, 7)
attempt(resource.prlimit, pid, resource.RLIMIT_NOFILE, (9, 9))
attempt(os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))
attempt(lambda: open(f"/proc/{pid}/oom_score_adj", "w").write("777"))
attempt(lambda: open(f"/proc/{pid}/comm", "w").write("changed"))
print("tried")
"""

ATTACKS = (
    Attack(
        "read_command_lines_and_variables",
        "Command lines and environments of the host's processes cannot be seen.",
        "secret",
        "bash",
        "cat /proc/@VICTIM@/environ /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' "
        "| grep -a canary; ps axeww 2>/dev/null | grep -a canary; echo tried",
    ),
    Attack(
        "read_the_hosts_variables",
        "No variable of the host's environment is inherited.",
        "secret",
        "bash",
        "env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'; "
        "python -c 'import os; print(os.environ)'; echo tried",
    ),
    Attack(
        "read_the_parents_variables",
        "The environment of no process above the agent's own holds the host's variables.",
        "secret",
        "python",
        "import os\npid = os.getpid()\nwhile pid > 0:\n    try:\n"
        "        print(open(f'/proc/{pid}/environ', 'rb').read())\n"
        "        pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
        "    except OSError: break\nprint('tried')",
    ),
    Attack(
        "read_another_processs_memory",
        "The memory of a process of the host cannot be read.",
        "secret",
        "python",
        _MEMORY,
    ),
    Attack(
        "steal_descriptors",
        "Open files of another process cannot be taken over.",
        "secret",
        "python",
        _STEAL,
    ),
    Attack(
        "kill_one",
        "A process of the host cannot be killed.",
        "process",
        "bash",
        "kill -9 @VICTIM@ 2>/dev/null; kill -9 -- -@VICTIM@ 2>/dev/null; echo tried",
    ),
    Attack(
        "kill_all",
        "`kill(-1)` reaches the episode's own processes alone.",
        "process",
        "python",
        "import os\nprint('tried', flush=True)\nos.kill(-1, 9)",
        then=(("bash", "kill -9 -1"),),
    ),
    Attack(
        "stop_one",
        "A process of the host cannot be stopped.",
        "process",
        "bash",
        "kill -STOP @VICTIM@ 2>/dev/null; sleep 0.4; echo tried",
    ),
    Attack(
        "trace_one",
        "A process of the host cannot be traced.",
        "process",
        "python",
        _TRACE,
    ),
    Attack(
        "change_one",
        "Priority, limits and memory score of a process of the host cannot be changed.",
        "process",
        "python",
        _CHANGE,
    ),
    Attack(
        "kill_every_number",
        "No process number that can be guessed belongs to the host.",
        "process",
        "python",
        "import os\nme = os.getpid()\nfor pid in range(2, 70000):\n"
        "    if pid != me:\n        try: os.kill(pid, 9)\n        except OSError: pass\nprint('tried')",
        seconds=30,
    ),
)
