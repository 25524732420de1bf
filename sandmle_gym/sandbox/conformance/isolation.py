"""What agent code cannot reach: the host, its files, its processes, its network, other episodes, our code."""

import os
import secrets
import socket
import threading
from pathlib import Path

from sandmle_gym.sandbox.conformance.subject import (
    SECRET,
    Subject,
    assert_silent,
    check,
    shown,
    text,
)


@check(isolation=True)
def host_files_do_not_exist(subject: Subject) -> None:
    """No path leads to a file of the host: by name, through /proc, by search, by hard link or by handle."""
    places = [
        str(subject.secret),
        f"/proc/1/root{subject.secret}",
        f"/proc/self/cwd{subject.secret}",
    ]
    source = f"""
import glob, os
for place in {places!r} + ["/proc/1/cwd", "/etc/shadow", "/root/.ssh", "/var/run/docker.sock"]:
    try:
        print(open(place).read())
    except OSError:
        pass
places = ("/home", "/var", "/mnt", "/srv", "/boot", {str(Path.home())!r} + "/.cache")
print([place for place in places if os.path.exists(place)])
for folder, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if name not in ("proc", "usr", "site-packages")]
    if "answers.csv" in names or folder.endswith("/secret"):
        print(folder, names)
"""
    output = text(subject.run("python", source))
    assert output == "[]\n", output


@check(isolation=True)
def only_the_own_public_files_show(subject: Subject) -> None:
    """Of the public root an episode sees its own directory, read-only, and no other."""
    command = (
        "grep -rs canary / --include=train.csv --exclude-dir=proc --exclude-dir=usr; ls /public"
    )
    assert shown(subject.run("bash", command)) == ""
    command = "echo x >> train.csv || echo x > /data/new || chmod 777 /data/train.csv || rm /data/train.csv"
    assert not subject.run("bash", command).ok
    assert (subject.mine / "train.csv").read_bytes() == b"id,x\n1,2\n"
    assert sorted(path.name for path in subject.mine.iterdir()) == ["sample.csv", "train.csv"]


@check(isolation=True)
def the_hosts_environment_is_unknown(subject: Subject) -> None:
    """No variable of the host's environment is in that of any process inside."""
    name = f"SANDMLE_{secrets.token_hex(4)}"
    os.environ[name] = SECRET
    try:
        backend = subject.make(subject.public_root)
    finally:
        del os.environ[name]
    with backend, backend.open() as sandbox:
        source = "env; cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline; true"
        output = shown(sandbox.run("bash", source, seconds=30))
    assert name not in output
    assert SECRET not in output


@check(isolation=True)
def the_hosts_processes_do_not_exist(subject: Subject) -> None:
    """An agent sees and signals its own processes alone, and cannot look into or stop process 1.

    Its parent is that, or 0: one that it cannot see.
    """
    source = """
import os, signal
pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
print(len(pids) <= 4, os.getppid() in (0, 1))
for name in ("mem", "environ", "maps", "auxv", "stack", "root", "cwd", "exe", "fd/0", "fd/3"):
    for look in (lambda path: open(path, "rb").read(64), os.readlink, os.listdir):
        try:
            print(name, look(f"/proc/1/{name}"))
        except OSError:
            pass
for number in (9, 15, 19, 10, 11, 20):
    os.kill(1, number)
try:
    os.kill(-1, 19)
except OSError:
    pass
print("alive")
"""
    with subject.open() as sandbox:
        output = text(sandbox.run("python", source, seconds=30))
        assert output == "True True\nalive\n", output
        assert text(sandbox.run("bash", "echo still there", seconds=30)) == "still there\n"


@check(isolation=True)
def there_is_no_network(subject: Subject) -> None:
    """No socket of any family reaches the host or beyond, an abstract Unix socket of the host neither."""
    name = f"\0sandmle-{secrets.token_hex(8)}"
    with socket.create_server(("127.0.0.1", 0)) as internet, socket.socket(socket.AF_UNIX) as local:
        local.bind(name)
        local.listen()
        port = internet.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 5).close()  # the door is open from here
        source = f"""
import socket
def attempt(what, call):
    try:
        call(); print("REACHED", what)
    except OSError as error:
        pass
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {port}), 2))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect({name!r}))
attempt("dns", lambda: socket.getaddrinfo("example.com", 80))
for family in range(2, 46):
    for kind in (1, 2, 3):
        attempt((family, kind), lambda: socket.socket(family, kind))
"""
        assert_silent(subject.run("python", source))
    assert not subject.run("bash", f"exec 3<>/dev/tcp/127.0.0.1/{port}").ok


@check(isolation=True)
def episodes_do_not_meet(subject: Subject) -> None:
    """Files, processes, shared memory and sockets of one episode are unknown to the other."""
    mark = f"mark{secrets.token_hex(4)}"
    plant = f"""
import socket, time, pathlib
for folder in (".", "/tmp", "/dev/shm"):
    pathlib.Path(folder, "{mark}").write_text("x")
listener = socket.socket(socket.AF_UNIX); listener.bind("\\0{mark}"); listener.listen()
print("planted", flush=True); time.sleep(3)
"""
    look = f"""
import os, socket, time
time.sleep(1)
found = [d for d in (".", "/tmp", "/dev/shm") if os.path.exists(d + "/{mark}")]
try:
    socket.socket(socket.AF_UNIX).connect("\\0{mark}"); found.append("socket")
except OSError:
    pass
print(found, len([p for p in os.listdir("/proc") if p.isdigit()]))
"""
    with subject.open() as one, subject.open() as two:
        thread = threading.Thread(target=lambda: one.run("python", plant, seconds=30))
        thread.start()
        try:
            assert text(two.run("python", look, seconds=30)) == "[] 2\n"
        finally:
            thread.join()


@check(isolation=True)
def there_is_nothing_to_gain(subject: Subject) -> None:
    """No capability, no way to new ones, and a filter over the rest."""
    output = text(
        subject.run("bash", "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; id -u")
    )
    fields = dict(line.split(":\t") for line in output.splitlines()[:-1])
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
        "0" * 16
    }
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert output.splitlines()[-1] != "0"
    source = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = {
    "unshare": lambda: libc.unshare(0x10000000),
    "mount": lambda: libc.mount(b"t", b"/tmp", b"tmpfs", 0, None),
    "umount": lambda: libc.umount2(b"/proc", 2),
    "chroot": lambda: libc.chroot(b"/tmp"),
    "setuid": lambda: libc.setuid(0),
    "ptrace": lambda: libc.ptrace(16, 1, 0, 0),
    "bpf": lambda: libc.syscall(321, 0, 0, 0),
    "clone": lambda: libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0),
    "userfaultfd": lambda: libc.syscall(323, 0),
    "io_uring": lambda: libc.syscall(425, 1, 0),
    "keyctl": lambda: libc.syscall(250, 0, -3, 0),
    "memfd": lambda: libc.syscall(319, b"x", 0),
    "shmget": lambda: libc.syscall(29, 0, 4096, 0o1666),
    "personality": lambda: libc.personality(0x0040000),
    "sethostname": lambda: libc.sethostname(b"x", 1),
}
print([name for name, call in calls.items() if call() >= 0])
"""
    if os.uname().machine == "x86_64":
        assert text(subject.run("python", source)) == "[]\n"


@check(isolation=True)
def the_system_is_read_only(subject: Subject) -> None:
    """Nothing outside the episode's own directories can be written, Python's packages not either."""
    source = """
import glob, os, sys, sysconfig
places = ["/", "/usr", "/etc", "/opt", "/data", "/bin", "/dev", "/proc/sys/kernel", "/usr/local/bin",
          "/opt/bin", "/public", sys.prefix, sys.base_prefix, sysconfig.get_path("purelib")]
for place in places:
    try:
        open(os.path.join(place, "sandmle-was-here"), "w"); print("WROTE", place)
    except OSError:
        pass
for path in glob.glob("/proc/sys/kernel/*") + [os.__file__, sys.executable, "/etc/passwd"]:
    try:
        with open(path, "r+b", buffering=0) as file:
            data = file.read(); file.seek(0); file.write(data); print("WRITABLE", path)
    except OSError:
        pass
"""
    assert_silent(subject.run("python", source))


@check(isolation=True)
def our_package_does_not_exist(subject: Subject) -> None:
    """Agent code can neither import nor find the package that makes tasks and grades them."""
    source = """
import importlib, os, sys
for name in ("sandmle_gym", "zygote", "init", "runner", "syscalls", "shells", "root"):
    try: print("FOUND", importlib.import_module(name))
    except ImportError: pass
print([name for name in sys.modules if "sandmle" in name])
def told(path):
    if os.path.isdir(path): return set(os.listdir(path)) - {"__init__.py"}
    return os.path.getsize(path)
for folder, folders, names in os.walk("/"):
    for name in folders + names:
        path = os.path.join(folder, name)
        if "sandmle" in name and told(path): print(path)
    folders[:] = [name for name in folders if name not in ("proc", "share")]
    if folder.endswith(("site-packages", "dist-packages")): folders.clear()
"""
    assert text(subject.run("python", source)) == "[]\n"


@check(isolation=True)
def bundled_data_sets_are_gone(subject: Subject) -> None:
    """No loader of scikit-learn gives the data that a hidden test set may have come from."""
    source = """
import sklearn.datasets as d
for load in (d.load_iris, d.load_wine, d.load_breast_cancer, d.load_diabetes, d.load_digits, d.load_linnerud,
             d.load_sample_images):
    try:
        load(); print("LOADED", load.__name__)
    except Exception:
        pass
"""
    assert text(subject.run("python", source, seconds=100)) == ""
