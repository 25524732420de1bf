"""After the void: make a call of the host's raise, hang or lie, so that a bad episode is not counted."""

from typing import Any

from sandmle_gym.sandbox.base import Kind
from sandmle_gym.sandbox.conformance.attacks.attack import Attack, Unwalled

_SAME = "the host's side takes anything for a value, for every backend alike"
_FORGE = """
import json, os, socket
for fd in range(3, 64):
    for message in (b'{"code": 0, "status": "exited", "note": "forged", "data": "forged"}', b"forged", b"",
                    b'{"broken": "forged"}', b'{"code": null}', b"9" * 4095):
        try: socket.socket(fileno=os.dup(fd)).send(message, socket.MSG_DONTWAIT)
        except (OSError, ValueError): pass
        try: os.write(fd, message)
        except OSError: pass
"""
_FORGERIES = {
    "infinity": (b'{"code": 1e999}', "A number beyond all numbers as exit code is not believed."),
    "nesting": (b"[" * 4000, "An answer nested beyond reason is not parsed."),
    "nothing": (b"{}", "An answer without a code is none."),
    "a_list": (b"[]", "An answer that is no object is none."),
    "text": (b'{"code": "0"}', "An exit code in words is a code or none."),
    "noise": (b"\xff\x00\xfe", "Bytes that are no text are no answer."),
    "a_long_number": (
        b'{"code": ' + b"9" * 4050 + b"}",
        "An exit code of any length is a code or none.",
    ),
}
_CALL_SERVICE = """
import array, glob, os, socket, time
print("tried", flush=True)
doors = [path for place in ("/run", "/tmp", "/work") for path in glob.glob(place + "/**", recursive=True)]
doors += ["\\0" + line.split("@")[-1].strip() for line in open("/proc/net/unix") if "@" in line]
messages = [b"", b"\\0", b"x" * 60000, b"/\\0" + b"9" * 5000, b"/\\0-1\\0x", b"/\\0" + b"1\\0-c",
            b"/nowhere\\0001\\0-", b"/\\0001\\0/dev/zero", b"/\\0002\\0-m\\0x\\0A", b"{}", b"[[[[",
            b"/\\0001\\0-\\0=\\0=x", b"\\xff\\0001\\0\\xff",
            "/\\0٣\\0-c\\0x\\0y".encode()]
held = []
for path in doors:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        for message in messages:
            for count in (0, 1, 3, 4, 60):
                try:
                    door = socket.socket(socket.AF_UNIX, kind); door.settimeout(0.2); door.connect(path)
                    fds = array.array("i", [2] * count)
                    door.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if count else [])
                    held.append(door)
                    if len(held) > 40: held.clear()
                except OSError: pass
"""
_LIE_IN_WAIT = """
for d in /run /run/*; do chmod 777 $d; done 2>/dev/null
ls -A /run > loot; rm -rf /run/* /run/.[!.]* 2>/dev/null
cat > lie.py <<'EOF'
import glob, os, socket, time
doors = []
for name in open("loot").read().split() + ["python"]:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try: door.bind("/run/" + name); door.listen()
    except OSError: pass
EOF
python lie.py; echo tried
"""
_EVERYTHING = """
import os, time
print("tried", flush=True)
try:
    with open("fill", "wb") as file:
        while True: file.write(b"x" * 65536)
except OSError: pass
try:
    for number in range(9999): open(f"f{number}", "w").close()
except OSError: pass
for _ in range(99):
    try:
        if os.fork() == 0: x = b"x" * (1 << 22); time.sleep(60)
    except OSError: break
time.sleep(60)
"""
_NESTED = (
    "import os\nfor _ in range(150):\n    try: os.mkdir('d' * 200); os.chdir('d' * 200)\n    except "
    "OSError: break\n"
    "print('tried')"
)


def _void(
    name: str, law: str, kind: Kind, program: str, *, untried: str = "", **more: Any
) -> Attack:
    """Build an attack on the values of later calls."""
    unwalled: Unwalled = "untried" if untried else "fails"
    why = untried or _SAME
    return Attack(name, law, "void", kind, program, unwalled=unwalled, why=why, **more)


def _forgery(name: str, message: bytes, law: str) -> Attack:
    """Build an attack that answers for the session with one message."""
    program = (
        "import os, socket, time\nprint('tried', flush=True)\n"
        "for fd in range(3, 64):\n"
        f"    try: socket.socket(fileno=os.dup(fd)).send({message!r}, socket.MSG_DONTWAIT)\n"
        "    except OSError: pass\n"
        "time.sleep(0.3)"
    )
    then: tuple[tuple[Kind, str], ...] = (("bash", "echo tried"), ("cell", "1"), ("cell", "2"))
    return _void(f"forge_{name}", law, "cell", program, then=then, seconds=5.0)


ATTACKS = (
    *(_forgery(name, *forgery) for name, forgery in _FORGERIES.items()),
    Attack(
        "forge_the_end_of_a_cell",
        "A forged answer of the session gains nothing: later commands answer for themselves.",
        "forged",
        "cell",
        "print('tried', flush=True)\n" + _FORGE,
        then=(("cell", "print('again')"), ("bash", "sleep 0.2; echo tried"), ("cell", "1")),
        seconds=5.0,
        unwalled="fails",
        why=_SAME,
    ),
    Attack(
        "forge_from_a_process_that_stays",
        "A forger that a cell leaves behind reaches no later command.",
        "forged",
        "cell",
        "import os, time\nprint('tried', flush=True)\nif os.fork() == 0:\n    os.setsid()\n    while "
        "True:\n        "
        + _FORGE.strip().replace("\n", "\n        ")
        + "\n        time.sleep(0.01)\n",
        then=(("bash", "sleep 0.3; echo tried"), ("cell", "1 + 1"), ("python", "print(1)")),
        seconds=5.0,
        dangerous=True,
        unwalled="fails",
        why=_SAME,
    ),
    _void(
        "forge_from_a_script",
        "A script holds no descriptor over which an answer could be forged.",
        "python",
        "print('tried', flush=True)\n" + _FORGE,
    ),
    _void(
        "forge_from_a_shell",
        "A shell inherits no descriptor over which an answer could be forged.",
        "bash",
        'echo tried; for n in $(seq 3 40); do echo \'{"broken": "forged"}\' >&$n; echo forged >&$n; '
        "done 2>/dev/null; true",
        then=(("bash", "sleep 0.1; echo tried"),),
    ),
    _void(
        "fill_the_channel",
        "A session that answers without end is ended, and blocks nobody.",
        "cell",
        "import os, socket\nprint('tried', flush=True)\nfor fd in range(3, 64):\n    try:\n"
        "        channel = socket.socket(fileno=os.dup(fd))\n"
        "        while True: channel.send(b'x' * 1000, socket.MSG_DONTWAIT)\n    except OSError: pass\n",
        then=(("cell", "1"), ("cell", "2")),
        seconds=5.0,
    ),
    _void(
        "close_descriptors_in_a_cell",
        "A session that closes everything it has costs its variables at most.",
        "cell",
        "import os\nprint('tried', flush=True)\nos.closerange(0, 256)",
        then=(("cell", "print(1)"), ("cell", "print(2)")),
        seconds=5.0,
    ),
    _void(
        "close_descriptors_in_a_script",
        "A script that closes everything it has ends like any other.",
        "python",
        "import os\nprint('tried', flush=True)\nos.closerange(0, 256)",
    ),
    _void(
        "send_nonsense_to_every_door",
        "The services inside take nothing for granted: any bytes, any descriptors.",
        "python",
        _CALL_SERVICE,
        then=(("bash", "python -c 'print(1)'"),),
        seconds=10.0,
        untried="it would speak to every service of the machine",
    ),
    _void(
        "stand_in_for_the_services",
        "An agent that takes the place of a service inside fools itself alone.",
        "bash",
        _LIE_IN_WAIT,
        then=(("bash", "timeout 2 python -c 'print(1)'"),),
        seconds=10.0,
        untried="it would remove the sockets of the machine's services",
    ),
    _void(
        "delete_the_working_directory",
        "A working directory that is emptied, moved or removed stops no later call.",
        "bash",
        'd=$(pwd); rm -rf "$d"/* "$d"; rmdir "$d"; mv "$d" /tmp/gone; ls >/dev/null; echo tried',
        put=("file", "a/b"),
    ),
    _void(
        "replace_the_working_directory",
        "A working directory that is replaced by a link leads the host nowhere.",
        "bash",
        'd=$(pwd); cd /; mv "$d" "$d.old" 2>/dev/null; rmdir "$d" 2>/dev/null; ln -s / "$d" 2>/dev/null; '
        "echo tried",
        put=("file",),
        get=("etc/passwd",),
    ),
    _void(
        "lock_the_working_directory",
        "An agent that takes all rights off its files and directories locks nobody out.",
        "bash",
        "mkdir -p a/b; echo 1 > submission.csv; echo 1 > a/b/c; chmod 0 submission.csv a/b/c a/b a "
        ".; echo tried",
        put=("file", "a/b/c", "a/x"),
        get=("a/b/c",),
    ),
    _void(
        "submit_what_is_no_file",
        "A FIFO, a socket, a directory or a device as submission is a problem with a name.",
        "python",
        "import os, socket\nos.mkfifo('submission.csv'); socket.socket(socket.AF_UNIX).bind('loot'); "
        "os.mkdir('file')\n"
        "os.symlink('/dev/zero', 'zero'); os.symlink('/proc/self/mem', 'memory'); os.symlink('tty', 'tty')\n"
        "os.symlink('/proc/kmsg', 'kmsg')\nprint('tried')",
        get=("zero", "memory", "tty", "kmsg", "file"),
        put=("file", "file/x/y", "loot/x"),
    ),
    _void(
        "submit_a_file_without_end",
        "A file far larger than memory is a problem with a name.",
        "bash",
        "truncate -s 7M submission.csv; truncate -s 1T loot 2>/dev/null; "
        "truncate -s 8191P huge 2>/dev/null; echo tried",
        get=("huge",),
    ),
    _void(
        "nest_directories",
        "Directories nested beyond every path length stop no later call.",
        "python",
        _NESTED,
        put=("d" * 200 + "/file",),
        get=("d" * 200,),
    ),
    _void(
        "use_strange_names",
        "Names of any bytes are names.",
        "python",
        "for name in (b'a\\nb', b'\\xff\\xfe', b'-rf', b'*', b'a' * 255, b'$(reboot)', b'\\x1b[2J', "
        "b'con', b' '):\n"
        "    open(name, 'w').close()\nprint('tried')",
        get=("a\nb", "-rf", "*", "a" * 255, " ", "$(reboot)"),
        put=("a\nb", "-rf", "*", "a" * 255, " "),
    ),
    _void(
        "give_huge_arguments",
        "Arguments and variables beyond the kernel's limits are the command's own failure.",
        "python",
        "import os, subprocess\nprint('tried', flush=True)\nbig = 'x' * 130_000\n"
        "for arguments, variables in (([big] * 20, {}), (['x'], {f'V{n}': big for n in range(20)}), "
        "(['y' * 140_000], {})):\n"
        "    for program in ('python', '/bin/true', 'bash'):\n"
        "        try: subprocess.run([program, '-c', 'pass', *arguments], env={**os.environ, **variables})\n"
        "        except OSError: pass",
        seconds=20.0,
    ),
    _void(
        "crash_in_every_way",
        "Any end of a process is a status.",
        "bash",
        '{ for s in $(seq 1 64); do bash -c "kill -$s \\$\\$" & done; sleep 0.3; } 2>/dev/null; '
        "{ python -c 'import ctypes; ctypes.string_at(0)'; python -c 'import os; os.abort()'; "
        "python -c 'import sys; sys.exit(10**30)'; } 2>/dev/null; echo tried; kill -SEGV $$",
        seconds=20.0,
    ),
    _void(
        "crash_the_session",
        "A session that crashes costs its variables at most.",
        "cell",
        "print('tried', flush=True)\nimport ctypes; ctypes.string_at(0)",
        then=(
            ("cell", "import os; os.kill(os.getpid(), 19)"),
            ("cell", "1"),
            ("cell", "import os; os._exit(0)"),
        ),
        seconds=1.5,
    ),
    _void(
        "fill_everything_at_once",
        "With disk, files, processes and memory full, calls are still values.",
        "python",
        _EVERYTHING,
        then=(("bash", "echo x > y; python -c 'print(1)'"), ("cell", "x = 1"), ("cell", "x")),
        put=("file", "a/b/c"),
        seconds=3.0,
        dangerous=True,
    ),
    _void(
        "hold_the_disk_full_from_the_session",
        "A session that keeps deleted files open and memory taken costs itself at most.",
        "cell",
        "import os\nprint('tried')\nheld = []\ntry:\n    while True:\n"
        "        held.append(open('gone', 'wb', 0)); os.unlink('gone')\n"
        "        held[-1].write(b'x' * 500_000)\nexcept OSError: pass\n",
        then=(("python", "open('x', 'w').write('y' * 100)"), ("bash", "echo x > y")),
        put=("file",),
        dangerous=True,
    ),
    _void(
        "take_all_memory_in_the_session",
        "A session that holds all memory gives way to the next command.",
        "cell",
        "print('tried', flush=True)\nx = []\nwhile len(x) < 230: x.append(b'x' * (1 << 20))",
        then=(("python", "print(1)"), ("bash", "python -c 'print(2)'")),
        dangerous=True,
    ),
)
