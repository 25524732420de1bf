"""After privileges: become another user, gain a capability, get a namespace of one's own."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_START = (
    "import ctypes, os, sys, time\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "libc.prctl(15, b'@MARK@')\n"
)
_END = "\nprint('tried', flush=True)\ntime.sleep(0.5)"
_USER_NAMESPACE = """
def capable(flags):
    try:
        if libc.unshare(flags) == 0: time.sleep(0.5)
    except OSError: pass
for extra in (0, 0x20000, 0x40000000, 0x20000000, 0x02000000):
    if os.fork() == 0:
        capable(0x10000000 | extra); os._exit(0)
    os.wait()
print("tried")
"""
_CLONE = """
import platform
clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
pid = libc.syscall(clone, 0x10000000 | 17, 0, 0, 0, 0)
if pid == 0: time.sleep(0.5); os._exit(0)
print("tried", flush=True)
if pid > 0: os.wait()
"""
_CLONE_3 = """
import struct
arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
pid = libc.syscall(435, arguments, len(arguments))
if pid == 0: time.sleep(0.5); os._exit(0)
print("tried", flush=True)
if pid > 0: os.wait()
"""
_BECOME_ROOT = """
for call in (
    lambda: libc.setresgid(0, 0, 0), lambda: libc.setgroups(0, None), lambda: libc.setresuid(0, 0, 0),
    lambda: libc.setfsuid(0), lambda: libc.setuid(0), lambda: libc.setgid(0),
): call()
"""
_CAPABILITIES = """
import struct
header = struct.pack("Ii", 0x20080522, 0)
for mask in (0xFFFFFFFF, 1 << 21, 1 << 7, 1):
    libc.capset(header, struct.pack("6I", mask, mask, mask, mask & 0x1FF, mask & 0x1FF, mask & 0x1FF))
libc.prctl(8, 1, 0, 0, 0)
for number in range(41): libc.prctl(47, 2, number, 0, 0)
"""
_FILE_CAPABILITIES = """
import shutil, struct
try:
    shutil.copy("/bin/sleep", "capable"); os.chmod("capable", 0o6755)
    print("tried", flush=True)
    every = struct.pack("<5I", 0x02000001, 0xFFFFFFFF, 0, 0x1FF, 0)
    try: os.setxattr("capable", "security.capability", every)
    except OSError: pass
    os.execv("./capable", ["@MARK@", "0.6"])
except OSError: pass
print("tried")
"""

ATTACKS = (
    Attack(
        "become_root",
        "No call makes the agent another user.",
        "privilege",
        "python",
        _START + _BECOME_ROOT + _END,
        as_root=True,
    ),
    Attack(
        "raise_capabilities",
        "No call gives a capability back.",
        "privilege",
        "python",
        _START + _CAPABILITIES + _END,
        as_root=True,
    ),
    Attack(
        "run_set_user_id_programs",
        "Programs with another user's rights give none: su, mount, passwd and what else is there.",
        "privilege",
        "bash",
        "for f in $(find /bin /usr/bin /sbin /usr/sbin /usr/lib -perm /6000 -type f 2>/dev/null | "
        "head -20); do "
        "(exec -a @MARK@ timeout 0.1 $f </dev/null >/dev/null 2>&1); done; "
        "su -c 'exec -a @MARK@ sleep 0.5' 2>/dev/null </dev/null; echo tried",
        seconds=30,
        unwalled="untried",
        why="it would run every such program of the machine as root",
    ),
    Attack(
        "give_a_file_capabilities",
        "A program with file capabilities or the set-user-id bit can be neither made nor used.",
        "privilege",
        "python",
        _START + _FILE_CAPABILITIES,
        as_root=True,
        unwalled="depends",
        why="the host may look before the program that gained has begun",
    ),
    Attack(
        "unshare_a_user_namespace",
        "No new user namespace, in which the agent would have every capability.",
        "privilege",
        "python",
        _START + _USER_NAMESPACE,
    ),
    Attack(
        "clone_a_user_namespace",
        "No new user namespace by the older call either.",
        "privilege",
        "python",
        _START + _CLONE,
    ),
    Attack(
        "clone_a_user_namespace_with_clone3",
        "No new user namespace by the newer call either, whose flags a filter cannot read.",
        "privilege",
        "python",
        _START + _CLONE_3,
    ),
    Attack(
        "unshare_with_tools",
        "The tools that make namespaces get none.",
        "privilege",
        "bash",
        "for o in -r -rm -rn -rp -U; do unshare $o bash -c 'exec -a @MARK@ sleep 0.3'; done "
        "2>/dev/null; echo tried",
    ),
    Attack(
        "shake_off_the_walls",
        "Neither the filter, nor no-new-privileges, nor the mode of the processor can be changed back.",
        "privilege",
        "python",
        _START
        + "libc.prctl(22, 0, 0, 0, 0); libc.prctl(38, 0, 0, 0, 0); libc.prctl(4, 1, 0, 0, 0)\n"
        "libc.personality(0x0040000); libc.syscall(317, 1, 0, None)\n" + _END,
    ),
)
