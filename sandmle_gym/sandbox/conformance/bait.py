"""What stands around an attack for the host to see whether it was touched: files, doors, a process, knobs.

Every bait has `values` for the programs, and `signs()` that tells what happened to it since it was last
asked, and sets it up again.
"""

import contextlib
import secrets
import shutil
import socket
import stat
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sandmle_gym.sandbox.conformance.attacks import Sign
from sandmle_gym.sandbox.conformance.subject import Subject

ENVIRONMENT_NAME = "SANDMLE_CANARY"
"""Variable with a secret that the process which judges is started with."""
PACKAGE = Path(__file__).parents[2]
_PROC_KNOB, _SYS_KNOB = (
    "/proc/sys/vm/stat_interval",
    "/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs",
)
"""Two settings of the machine that may stand one higher for a moment."""


class Bait(Protocol):
    """One thing of the host's that an attack may touch."""

    values: dict[str, str]

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """Tell what happened to it, and set it up again."""
        ...

    def close(self) -> None:
        """Take it away."""
        ...


def secret() -> str:
    """Return random text that a program cannot know; greppable as `canary`."""
    return f"canary-{secrets.token_hex(12)}"


class Files:
    """Secret files, a directory that anybody may write into, and the public files."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.secrets = [secret(), secret()]
        folder = subject.root / f"answers-{secrets.token_hex(4)}"
        hidden = folder / f"answers-{secrets.token_hex(4)}.csv"
        self._open = subject.root / "open"
        for directory in (folder, self._open):
            directory.mkdir()
        hidden.write_text(self.secrets[0])
        folder.chmod(0o755)
        hidden.chmod(0o644)
        self._open.chmod(0o777)
        other = subject.other / "train.csv"
        other.write_text(self.secrets[1])
        self._set_up()
        self._public = _snapshot(subject.public_root)
        self.values = {
            "SECRET": str(hidden),
            "SECRETDIR": str(folder),
            "SECRETNAME": hidden.name,
            "INODE": str(hidden.stat().st_ino),
            "OTHER": str(other),
            "HOSTDIR": str(self._open),
            "HOSTFILE": str(self._open / "host"),
            "PACKAGES": sysconfig.get_path("purelib"),
            "CHECKOUT": str(PACKAGE.parent),
        }

    def _set_up(self) -> None:
        for path in self._open.iterdir():
            path.unlink()
        (self._open / "host").write_text("host")
        (self._open / "host").chmod(0o666)
        self._before = _snapshot(self._open)

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """Compare with what was there."""
        if (now := _snapshot(self._open)) != self._before:
            yield "host_file", f"in {self._open}: {sorted(now ^ self._before)}"
            self._set_up()
        if (now := _snapshot(self._subject.public_root)) != self._public:
            yield "host_file", f"public files: {sorted(now ^ self._public)}"
            self._subject.restore_public_files()
            (self._subject.other / "train.csv").write_text(self.secrets[1])
            self._public = _snapshot(self._subject.public_root)

    def close(self) -> None:
        """The root's owner removes it."""


class Places:
    """Files named like the mark that appear where they should not, and two knobs of the kernel."""

    def __init__(self) -> None:
        self._mark = ""
        self._knobs = {path: _read(path) for path in (_PROC_KNOB, _SYS_KNOB)}
        values = [str(int(text) + 1) if text.isdigit() else "1" for text in self._knobs.values()]
        self.values = {
            "PROCKNOB": _PROC_KNOB,
            "PROCVALUE": values[0],
            "SYSKNOB": _SYS_KNOB,
            "SYSBELOW": _SYS_KNOB.removeprefix("/sys"),
            "SYSVALUE": values[1],
        }

    def look_for(self, mark: str) -> None:
        """Say which name the next attack leaves behind."""
        self._mark = mark

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """Find the mark, and knobs that were turned; remove and restore."""
        for folder in self._folders():
            for path in folder.glob(f"{self._mark}*"):
                yield "host_file", str(path)
                _remove(path)
        for path, before in self._knobs.items():
            if (now := _read(path)) != before:
                yield "host_file", f"{path}: {before} -> {now}"
                with contextlib.suppress(OSError):
                    Path(path).write_text(before)
        for table in ("/proc/keys", "/proc/sysvipc/shm", "/proc/sysvipc/msg"):
            if self._mark in _read(table) or str(ipc_key(self._mark)) in _read(table).split():
                yield "leftover", f"an object in {table}"

    def _folders(self) -> Iterator[Path]:
        names = (
            "/",
            "/tmp",
            "/var/tmp",
            "/dev",
            "/dev/shm",
            "/dev/mqueue",
            "/run",
            "/run/lock",
            "/etc",
        )
        yield from map(Path, names)
        yield from map(Path, ("/usr/lib", "/usr/local/bin", "/opt", "/bin"))
        yield from map(Path, set(sysconfig.get_paths().values()))
        yield from Path("/sys/fs/cgroup").glob("*/")
        yield Path("/sys/fs/cgroup")

    def close(self) -> None:
        """Nothing stays."""


class Doors:
    """Sockets on which the host listens."""

    def __init__(self, root: Path) -> None:
        name = secrets.token_hex(8)
        self._folder = Path(tempfile.mkdtemp(prefix="sandmle-door-", dir=root))
        self._folder.chmod(0o755)
        path = self._folder / "socket"
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._streams = [
            self._tcp,
            _bound(socket.SOCK_STREAM, f"\0{name}"),
            _bound(socket.SOCK_STREAM, str(path)),
        ]
        path.chmod(0o777)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._datagrams = [self._udp, _bound(socket.SOCK_DGRAM, f"\0{name}-datagram")]
        self.values = {
            "TCP": str(self._tcp.getsockname()[1]),
            "TCP6": "1",
            "UDP": str(self._udp.getsockname()[1]),
            "ABSTRACT": name,
            "ABSTRACTDATAGRAM": f"{name}-datagram",
            "DOOR": str(path),
        }
        self.secrets = [secret()]
        self._nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._nobody.bind(("127.0.0.1", 0))
        with contextlib.suppress(OSError):
            six = socket.create_server(("::1", 0), family=socket.AF_INET6)
            self._streams.append(six)
            self.values["TCP6"] = str(six.getsockname()[1])
        for door in (*self._streams, *self._datagrams):
            door.setblocking(False)

    def send_beacon(self) -> None:
        """Send a secret over the loopback to nobody, for who listens in."""
        with contextlib.suppress(OSError):
            self._udp.sendto(self.secrets[0].encode(), self._nobody.getsockname())

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """Answer every caller."""
        for door in self._streams:
            with contextlib.suppress(BlockingIOError):
                while True:
                    door.accept()[0].close()
                    yield "connection", f"at {door.getsockname()!r}"
        for door in self._datagrams:
            with contextlib.suppress(BlockingIOError):
                while door.recv(10) is not None:
                    yield "connection", f"a datagram at {door.getsockname()!r}"

    def close(self) -> None:
        """Close them all."""
        for door in (*self._streams, *self._datagrams, self._nobody):
            door.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Victim:
    """A process of the host with secrets in its arguments, its environment and an open file."""

    def __init__(self) -> None:
        self.secrets = [secret(), secret(), secret()]
        self.values: dict[str, str] = {}
        self._start()

    def _start(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.write(self.secrets[2].encode())
            file.flush()
            self._process = subprocess.Popen(
                [self.secrets[0], "3600"],
                executable=shutil.which("sleep"),
                env={"CANARY": self.secrets[1]},
                pass_fds=[file.fileno()],
                start_new_session=True,
            )
        self.values["VICTIM"] = str(self._process.pid)
        self._before = self._condition()

    def _condition(self) -> dict[str, str]:
        process = Path(f"/proc/{self._process.pid}")
        fields = _read(process / "stat").rpartition(")")[2].split()
        tracer = _read(process / "status").partition("TracerPid:\t")[2].split("\n")[0]
        return {
            "state": fields[0] if fields and fields[0] in "TtZX" else "",
            "priority": fields[16] if fields else "",
            "score": _read(process / "oom_score_adj"),
            "limits": _read(process / "limits"),
            "tracer": tracer,
        }

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """See whether it lives as before."""
        if self._process.poll() is not None:
            yield "process", f"it ended with {self._process.returncode}"
            self._start()
            return
        now = self._condition()
        changed = [name for name in now if now[name] != self._before[name]]
        if changed:
            yield "process", f"changed: {changed}"
            self.close()
            self._start()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def ipc_key(mark: str) -> int:
    """Return the System V key that belongs to a mark."""
    return int(mark[-7:], 16) | 0x1000


def _bound(kind: int, name: str) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, kind)
    door.bind(name)
    if kind == socket.SOCK_STREAM:
        door.listen()
    return door


def _snapshot(folder: Path) -> set[tuple[str, int, int, str]]:
    found = set()
    for path in folder.rglob("*"):
        status = path.lstat()
        regular = stat.S_ISREG(status.st_mode)
        content = path.read_text(errors="replace") if regular and status.st_size < 10_000 else ""
        found.add((str(path), status.st_mode, int(status.st_mtime) if regular else 0, content))
    return found


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    if path.is_dir() and not path.is_symlink() and not path.is_relative_to("/sys"):
        shutil.rmtree(path, ignore_errors=True)
