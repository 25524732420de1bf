"""After the answers: read a file of the host, by name or by any detour."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_HANDLE = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
def handle_of(path):
    buffer = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128), 136)
    mount = ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), buffer, ctypes.byref(mount), 0) == 0:
        return buffer
guess = struct.pack("IiII", 8, 1, @INODE@, 0)  # a file system of the ext family: inode and generation
for base in ("/", "/usr", "/data", "/tmp", os.path.dirname(os.__file__)):
    try: mount = os.open(base, os.O_RDONLY)
    except OSError: continue
    for handle in (handle_of("@SECRET@"), ctypes.create_string_buffer(guess, len(guess))):
        if handle is not None and (fd := libc.open_by_handle_at(mount, handle, os.O_RDONLY)) >= 0:
            print(os.read(fd, 1000))
print("tried")
"""
_OWN_MEMORY = """
needle = bytes(reversed(b"@YRNEMEM@"))
found = set()
for line in open("/proc/self/maps"):
    start, end = (int(x, 16) for x in line.split()[0].split("-"))
    if "r" not in line.split()[1] or "[v" in line: continue
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(start); data = memory.read(end - start)
    except (OSError, OverflowError, ValueError, MemoryError):
        continue
    at = -1
    while (at := data.find(needle, at + 1)) >= 0: found.add(data[at : at + 64])
print(found, "tried")
"""

ATTACKS = (
    Attack(
        "read_a_file_by_its_path",
        "A file of the host has no name inside.",
        "secret",
        "bash",
        "cat @SECRET@ 2>/dev/null; python -c \"print(open('@SECRET@').read())\" 2>/dev/null; echo tried",
    ),
    Attack(
        "read_through_the_roots_of_processes",
        "No process that can be seen stands in the host's file system.",
        "secret",
        "bash",
        "cat /proc/[0-9]*/root@SECRET@ /proc/self/task/*/root@SECRET@ 2>/dev/null; echo tried",
    ),
    Attack(
        "read_through_working_directories",
        "No working directory or open descriptor leads to the host.",
        "secret",
        "bash",
        "for d in /proc/[0-9]*/cwd /proc/[0-9]*/fd/*; do cat $d/../../../../../../..@SECRET@; "
        "done 2>/dev/null; echo tried",
        seconds=20,
    ),
    Attack(
        "climb_out",
        "`..` ends at the root of the sandbox.",
        "secret",
        "bash",
        "cd /; for i in $(seq 40); do cd ..; done; cat .@SECRET@ 2>/dev/null; cd - >/dev/null; "
        "cat $(printf '../%.0s' $(seq 60))@SECRET@ /data/..@SECRET@ /tmp/..@SECRET@ 2>/dev/null; echo tried",
    ),
    Attack(
        "search_everywhere",
        "No search finds a file of the host.",
        "secret",
        "bash",
        "find / -xdev -path /proc -prune -o -name @SECRETNAME@ -exec cat {} + 2>/dev/null; "
        "find / -path /proc -prune -o -name @SECRETNAME@ -exec cat {} + 2>/dev/null; echo tried",
        seconds=60,
        unwalled="untried",
        why="a search of the whole machine takes long",
    ),
    Attack(
        "link_it_into_the_submission",
        "A submission that is a link is not read through.",
        "secret",
        "bash",
        "ln -s @SECRET@ submission.csv; ln -s @SECRET@ loot; echo tried",
        unwalled="fails",
        why="the host follows no link when it collects a file",
    ),
    Attack(
        "hard_link_it",
        "A file of the host cannot be linked into the working directory.",
        "secret",
        "bash",
        "ln @SECRET@ loot 2>/dev/null || cp @SECRET@ loot 2>/dev/null; echo tried",
    ),
    Attack(
        "link_its_directory",
        "A name that leads over a linked directory is not read.",
        "secret",
        "bash",
        "ln -s @SECRETDIR@ d; ln -s / r; mkdir e; ln -s ../../.. e/up; echo tried",
        get=("d/@SECRETNAME@", "r@SECRET@", "e/up@SECRET@"),
        unwalled="fails",
        why="the host follows no link when it collects a file",
    ),
    Attack(
        "open_by_handle",
        "A file handle, guessed or made, opens nothing that has no path (the Shocker attack).",
        "secret",
        "python",
        _HANDLE,
        as_root=True,
    ),
    Attack(
        "bind_mount_the_host",
        "No mount, old or new, brings the host's files back.",
        "secret",
        "bash",
        "mkdir m o; mount --bind @SECRETDIR@ m; mount --rbind / o; cat m/@SECRETNAME@ o@SECRET@; "
        "unshare -rm sh -c 'mount --bind @SECRETDIR@ m && cat m/*'; "
        "nsenter -t 1 -m cat @SECRET@; chroot /proc/1/root cat @SECRET@; umount -l m o; echo tried",
        as_root=True,
    ),
    Attack(
        "read_another_tasks_files",
        "Of the public root only the episode's own directory shows.",
        "secret",
        "bash",
        "cat @OTHER@ /public/*/* /data/../other/train.csv train.csv/../../other/train.csv "
        "$(dirname $(realpath train.csv))/../other/train.csv 2>/dev/null; ls -R /public 2>/dev/null; "
        "echo tried",
    ),
    Attack(
        "search_the_own_memory",
        "A fork of the zygote holds nothing that the host's process knew.",
        "secret",
        "python",
        _OWN_MEMORY,
        seconds=60,
        unwalled="fails",
        why="a fresh interpreter holds nothing of its parent's",
    ),
    Attack(
        "import_the_judge",
        "The package that makes and grades tasks is neither importable nor readable.",
        "secret",
        "python",
        "import glob, sys\n"
        "try:\n    import sandmle_gym.errors as e; print(open(e.__file__).read())\n"
        "except ImportError: pass\n"
        "for path in sys.path + ['@CHECKOUT@']:\n"
        "    for file in glob.glob(path + '/sandmle_gym/errors.py'): print(open(file).read())\n"
        "print('tried')",
    ),
    Attack(
        "read_it_through_an_interpreter_that_is_cold",
        "A fresh interpreter inside sees no more than a warm one.",
        "secret",
        "bash",
        "/usr/bin/env -i $(python -c 'import sys; print(sys.executable)') -I -S -c "
        "\"print(open('@SECRET@').read())\" 2>/dev/null; echo tried",
        seconds=20,
    ),
)
