"""UNSAFE: runs agent code as the calling user, with no wall around it but a temporary directory.

For machines without namespaces and for debugging, never chosen by "auto". A command is killed with its
process group, so a daemon that leaves the group survives; limits hold per process where they hold at all.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.sandbox.arguments import check_command, check_files, check_size, relative_name
from sandmle_gym.sandbox.base import (
    Backend,
    ExecResult,
    Fetched,
    FileProblem,
    Kind,
    Probe,
    Resources,
    Sandbox,
    Status,
)
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.output import Output, Watch
from sandmle_gym.sandbox.warm.jail import files as transfer

_RUNNER = Path(transfer.__file__).parent
_PRELUDE = (
    "import sys; sys.path[0] = sys.argv[1]; import runner; del sys.path[0], sys.modules['runner']; "
)
_SCRIPT = _PRELUDE + (
    "runner.reseed(); "
    "runner.run_script(runner.read_all(int(sys.argv[2])), runner.SCRIPT, [runner.SCRIPT], path='')"
)
_SESSION = _PRELUDE + (
    "import socket; runner.reseed(); runner.run_session(socket.socket(fileno=int(sys.argv[2])))"
)
_LIBRARIES_MB = 4096
"""Address space that the imports of a fresh process may map on top of the episode's memory."""
_CHUNK = 1 << 16
_LARGEST_ARGUMENT = 100_000
_SESSION_LOST = b"[the Python session has ended; the next cell starts a new one]\n"


class LocalBackend(Backend):
    """No isolation at all."""

    name = "local"
    isolated = False

    def __init__(self, public_root: Path | None = None) -> None:
        self.public_root = None if public_root is None else public_root.resolve()
        self._open = True
        self._sandboxes: list[LocalSandbox] = []

    @classmethod
    def probe(cls) -> Probe:
        """Say what is missing."""
        return Probe(
            cls.name,
            available=os.name == "posix",
            isolated=False,
            notes=(
                "UNSAFE: agent code can read, change and send whatever the calling user can",
                "not enforced: processes, disk, inodes, memory and CPU time of all processes together",
                "a daemon that leaves its process group survives",
            ),
        )

    @property
    def alive(self) -> bool:
        """Whether it is open."""
        return self._open

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Make a temporary directory; see `Backend.open`."""
        if not self._open:
            raise SandboxError("this backend is closed")
        if public is not None:
            public = public.resolve()
            if self.public_root is None or not public.is_relative_to(self.public_root):
                raise UserError(f"{public} is not a directory below {self.public_root}")
        sandbox = LocalSandbox(public, resources or Resources())
        self._sandboxes.append(sandbox)
        return sandbox

    def close(self) -> None:
        """Close every episode."""
        self._open = False
        for sandbox in self._sandboxes:
            sandbox.close()


class LocalSandbox(Sandbox):
    """A temporary directory and the processes that were started in it."""

    def __init__(self, public: Path | None, resources: Resources) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="sandmle-local-"))
        self._work = self._root / "work"
        self._work.mkdir(mode=0o700)
        (self._root / "tmp").mkdir()
        for file in sorted(public.iterdir()) if public else ():
            (self._work / file.name).symlink_to(file)
        self._resources = resources
        self._dead = self._closed = False
        self._lock = threading.RLock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        """First processes of groups. The lock is held while one leaves: a reaped number may be another's."""
        self._session: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def run(
        self, kind: Kind, source: str, *, seconds: float, keep_bytes: int = 65536
    ) -> ExecResult:
        """Run a command; see `Sandbox.run`."""
        check_command(kind, source, seconds, keep_bytes)
        self._make_directory()
        if self._dead:
            return ExecResult("dead", None, b"")
        started = time.monotonic()
        output = Output(keep_bytes, self._resources.flood_mb << 20)
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        body = os.memfd_create("source")
        try:
            with open(body, "wb", closefd=False) as file:
                file.write(source.encode("utf-8", "surrogatepass"))
            run = self._run_cell if kind == "cell" else self._run_process
            with open(reader, "rb", buffering=0) as pipe:  # noqa: PTH123
                watch = Watch(pipe.fileno(), output, started + seconds)
                status, code = run(kind, body, writer, watch)
                watch.drain()
        finally:
            os.close(body)
        if self._dead or output.flooded:
            status, code = "dead" if self._dead else "output_limit", None
        head, tail, dropped = output.parts()
        return ExecResult(status, code, head, tail, dropped, time.monotonic() - started)

    def _run_process(
        self, kind: Kind, body: int, writer: int, watch: Watch
    ) -> tuple[Status, int | None]:
        command = self._python(_SCRIPT, body) if kind == "python" else _bash(body)
        process = self._start(command, writer, body)
        os.close(writer)
        handle = os.pidfd_open(process.pid)
        try:
            ended = watch.until(handle)
        finally:
            os.close(handle)
            self._end(process)
        return ("exited", process.returncode) if ended else ("timeout", None)

    def _run_cell(
        self, kind: Kind, body: int, writer: int, watch: Watch
    ) -> tuple[Status, int | None]:
        process, channel = self._session = self._session or self._start_session()
        os.killpg(process.pid, signal.SIGCONT)
        with contextlib.suppress(ConnectionError):
            socket.send_fds(channel, [kind.encode()], [writer, body])
        os.close(writer)
        ended = watch.until(channel.fileno())
        code = _message(channel) if ended else None
        if code is not None:
            os.killpg(process.pid, signal.SIGSTOP)
            return "exited", code
        self._end_session()
        watch.output.note(_SESSION_LOST)
        return ("exited", process.returncode) if ended else ("timeout", None)

    def _start_session(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = self._python(_SESSION, theirs.fileno())
            return self._start(command, subprocess.DEVNULL, theirs.fileno()), ours

    def _end_session(self) -> None:
        if self._session is not None:
            process, channel = self._session
            channel.close()
            self._end(process)
            self._session = None

    def _python(self, program: str, fd: int) -> list[str]:
        return [sys.executable, "-s", "-c", program, str(_RUNNER), str(fd)]

    def _start(self, command: list[str], output: int, keep: int) -> subprocess.Popen[bytes]:
        limits = self._resources
        memory = (limits.memory_mb + _LIBRARIES_MB) << 10
        ulimits = f"ulimit -c 0 -n {limits.open_files} -f {limits.disk_mb << 10} -v {memory}"
        environment = ENVIRONMENT | {
            "HOME": str(self._work),
            "TMPDIR": str(self._root / "tmp"),
            "MPLCONFIGDIR": str(self._root / "tmp"),
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        }
        process = subprocess.Popen(
            ["/bin/bash", "-c", f'{ulimits}; exec "$@"', "bash", *command],
            cwd=self._work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[keep],
            start_new_session=True,
        )
        with self._lock:
            self._alive.add(process)
            if self._dead:
                _kill_group(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._alive.discard(process)
            _kill_group(process)
        process.wait()

    def put(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write files; see `Sandbox.put`."""
        checked = check_files(files)
        if self._dead:
            return tuple(files)
        failed = []
        with self._work_directory() as work:
            for name, inside, data in checked:
                body = os.memfd_create("put")
                with open(body, "wb", closefd=False) as file:
                    file.write(data)
                if transfer.put(work, inside, body) is not None:
                    failed.append(name)
        return tuple(failed)

    def get(self, name: str, *, max_bytes: int) -> Fetched:
        """Read a file; see `Sandbox.get`."""
        check_size(max_bytes)
        inside = relative_name(name)
        if self._dead:
            return Fetched(None, "dead")
        body = os.memfd_create("get")
        with self._work_directory() as work, open(os.dup(body), "rb") as file:  # noqa: PTH123
            problem = transfer.get(work, inside, max_bytes, body)
            if problem is not None:
                return Fetched(None, cast("FileProblem", problem))
            file.seek(0)
            return Fetched(file.read(max_bytes))

    @contextlib.contextmanager
    def _work_directory(self) -> Iterator[int]:
        self._make_directory()
        fd = os.open(self._work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            yield fd
        finally:
            os.close(fd)

    def _make_directory(self) -> None:
        """Make the working directory anew where the agent has removed it, or put something in its place."""
        if self._closed:
            raise SandboxError("this sandbox is closed")
        if self._work.is_symlink() or not self._work.is_dir():
            self._work.unlink(missing_ok=True)
            self._work.mkdir(mode=0o700, parents=True)

    def kill(self) -> None:
        """Kill every process group; see `Sandbox.kill`."""
        self._dead = True
        with self._lock:
            for process in self._alive:
                _kill_group(process)

    def close(self) -> None:
        """End the session and remove the directory."""
        self._closed = True
        self._end_session()
        shutil.rmtree(self._root, ignore_errors=True)


def _message(channel: socket.socket) -> int | None:
    """Return the exit code that the session sends; None when it is dead, or sends nonsense of the agent's."""
    try:
        return int(json.loads(channel.recv(_CHUNK))["code"]) & 0xFF
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ConnectionResetError):
        return None


def _bash(body: int) -> list[str]:
    source = os.pread(body, os.fstat(body).st_size, 0)
    if b"\0" in source:
        return ["bash", "-c", "echo 'bash: the command contains a NUL byte' >&2; exit 2"]
    if len(source) > _LARGEST_ARGUMENT:
        return ["bash", f"/dev/fd/{body}"]
    return ["bash", "-c", os.fsdecode(source)]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
