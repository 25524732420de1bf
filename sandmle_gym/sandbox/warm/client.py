"""The host's side of the warm backend: requests in, values out."""

import contextlib
import dataclasses
import itertools
import json
import os
import select
import signal
import socket
import time
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError, UserError
from sandmle_gym.sandbox.base import (
    Backend,
    ExecResult,
    Fetched,
    Kind,
    Probe,
    Resources,
    Sandbox,
)
from sandmle_gym.sandbox.names import relative_name
from sandmle_gym.sandbox.output import Output
from sandmle_gym.sandbox.warm import plan
from sandmle_gym.sandbox.warm.zygote import Zygote

_LARGEST_DATAGRAM = 1 << 16
_CHUNK = 1 << 16
_GRACE = 60.0
"""Seconds beyond the limit of a command after which an episode that gives no answer is given up."""
_NOTES_OF_INIT = {
    "session": b"[the Python session has ended; the next cell starts a new one]\n",
    "memory": b"[killed: all processes together used too much memory]\n",
}
_FIRST_USER = 1 << 30
_USERS_PER_PROCESS = 256
_LAYERS = (
    "user, pid, network, ipc, uts, cgroup and mount namespaces",
    "read-only minimal root",
    "private tmpfs with a size and an inode limit",
    "own unprivileged user, no capabilities, no new privileges",
    "system-call filter",
    "resource limits",
)
_NOTES = (
    "CPU time is shared fairly by the kernel but not limited per episode",
    "the kernel is shared with the host",
)

_backends: "weakref.WeakSet[WarmBackend]" = weakref.WeakSet()


class WarmBackend(Backend):
    """Isolation by namespaces around forks of a warm zygote; works as root and as an ordinary user."""

    name = "warm"
    isolated = True

    def __init__(
        self, public_root: Path | None = None, *, preload: Iterable[str] = plan.PRELOAD
    ) -> None:
        """Start the zygote and wait until it is warm (about twice the time of the imports).

        Args:
            public_root: Directory below which all public files of all episodes lie; made when missing.
            preload: Modules to import before the first episode.

        Raises:
            IsolationUnavailableError: This machine cannot isolate; the message says why.
        """
        if public_root is not None:
            public_root.mkdir(parents=True, exist_ok=True)
            public_root = public_root.resolve()
        self._public_root = public_root
        self._zygote = Zygote(public_root, preload)
        self._sandboxes: weakref.WeakSet[WarmSandbox] = weakref.WeakSet()
        self._numbers = itertools.count()
        _backends.add(self)

    @classmethod
    def probe(cls) -> Probe:
        """Open one episode in a zygote without imports, and report."""
        try:
            with cls(preload=()) as backend, backend.open() as sandbox:
                result = sandbox.run("bash", "true", seconds=10)
        except IsolationUnavailableError as error:
            return Probe(cls.name, available=False, isolated=True, reason=str(error))
        except SandboxError as error:
            return Probe(cls.name, available=False, isolated=True, reason=f"it breaks: {error}")
        reason = "" if result.ok else f"a first command ended as {result.status}"
        return Probe(
            cls.name,
            available=result.ok,
            isolated=True,
            reason=reason,
            layers=_LAYERS,
            notes=_NOTES,
        )

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes."""
        return self._zygote.alive

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Open an episode; see `Backend.open`. Public files must be readable by every user."""
        limits = resources or Resources()
        request = {
            "user": self._next_user(),
            "public": None if public is None else self._below_root(public),
            "resources": dataclasses.asdict(limits),
        }
        control, handle = self._zygote.open(request)
        sandbox = WarmSandbox(self._zygote, control, handle, limits)
        self._sandboxes.add(sandbox)
        return sandbox

    def _next_user(self) -> int:
        """Give concurrent episodes of all our processes different user ids: limits count per user."""
        slot = next(self._numbers) % _USERS_PER_PROCESS
        return _FIRST_USER + (os.getpid() % (1 << 22)) * _USERS_PER_PROCESS + slot

    def _below_root(self, public: Path) -> str:
        if self._public_root is None:
            raise UserError("this backend was made without public_root, so it can show no files")
        public = public.resolve()
        if not public.is_relative_to(self._public_root) or not public.is_dir():
            raise UserError(f"{public} is not a directory below {self._public_root}")
        if self._zygote.as_root:
            for path in (public, *public.iterdir()):
                needed = 0o005 if path.is_dir() else 0o004
                if path.stat().st_mode & needed != needed:
                    raise UserError(f"{path} is not readable by every user")
        return str(public.relative_to(self._public_root))

    def close(self) -> None:
        """End every episode and the zygote."""
        for sandbox in list(self._sandboxes):
            sandbox.close()
        self._zygote.close()

    def _abandon(self) -> None:
        self._zygote.abandon()
        for sandbox in list(self._sandboxes):
            sandbox._abandon()


def _after_fork() -> None:
    """Close a forked child's copies of our sockets, else the zygote would outlive its owner."""
    for backend in list(_backends):
        backend._abandon()


os.register_at_fork(after_in_child=_after_fork)


class WarmSandbox(Sandbox):
    """One episode in a pid namespace of its own."""

    def __init__(
        self, zygote: Zygote, control: socket.socket, handle: int, resources: Resources
    ) -> None:
        self._zygote = zygote
        self._control = control
        self._flood = resources.flood_mb << 20
        self._dead = False
        self._handle = handle
        try:
            self._wait_for_reply(_GRACE)
        except BaseException:
            self.close()
            raise
        if self._dead:
            self.close()
            raise SandboxError("the episode died while its walls went up")

    def run(
        self, kind: Kind, source: str, *, seconds: float, keep_bytes: int = 65536
    ) -> ExecResult:
        """Run a command; see `Sandbox.run`."""
        output = Output(keep_bytes, self._flood)
        body = _memory_file(source.encode("utf-8", "surrogatepass"))
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            self._send({"op": "run", "kind": kind, "seconds": seconds}, writer, body)
            reply = self._collect(reader, output, seconds + _GRACE)
        except BaseException:
            self._kill()  # a reply that comes after an interruption would answer the next request
            raise
        finally:
            os.close(reader)
        return _result(reply, output)

    def _collect(self, pipe: int, output: Output, patience: float) -> dict[str, Any]:
        """Read output until the reply comes, then what the pipe still holds."""
        deadline = time.monotonic() + patience
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(pipe, select.POLLIN)
        stopped = False
        while not self._dead:
            ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
            if not ready or self._control.fileno() in ready:
                break
            if not _read_some(pipe, output):
                poll.unregister(pipe)
            if output.flooded and not stopped:
                stopped = True
                poll.unregister(pipe)
                self._send({"op": "stop"})
        reply = self._wait_for_reply(max(0.0, deadline - time.monotonic()))
        for _ in range(_PIPE_CHUNKS):
            if output.flooded or not _read_some(pipe, output):
                break
        return reply

    def put(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write files; see `Sandbox.put`."""
        requests = [(name, relative_name(name), data) for name, data in files.items()]
        failed = []
        for name, inside, data in requests:
            reply = self._ask({"op": "put", "name": inside}, _memory_file(data))
            if reply.get("problem") is not None or self._dead:
                failed.append(name)
        return tuple(failed)

    def get(self, name: str, *, max_bytes: int) -> Fetched:
        """Read a file; see `Sandbox.get`."""
        request = {"op": "get", "name": relative_name(name), "max": max_bytes}
        body = os.memfd_create("get", os.MFD_CLOEXEC)
        try:
            reply = self._ask(request, os.dup(body))
            if self._dead:
                return Fetched(None, "dead")
            if reply["problem"] is not None:
                return Fetched(None, reply["problem"])
            return Fetched(_content(body, max_bytes))
        finally:
            os.close(body)

    def close(self) -> None:
        """Kill the episode."""
        self._kill()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._control.close()

    def _abandon(self) -> None:
        """Let go of an episode in a forked child, to whom it does not belong."""
        self._dead = True
        self._control.close()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _kill(self) -> None:
        self._dead = True
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def _ask(self, request: dict[str, Any], body: int) -> dict[str, Any]:
        try:
            self._send(request, body)
            return self._wait_for_reply(_GRACE)
        except BaseException:
            self._kill()
            raise

    def _send(self, request: dict[str, Any], *fds: int) -> None:
        """Send a request with descriptors, and close our copies of them."""
        try:
            if self._control.fileno() < 0:
                raise SandboxError("this sandbox is closed")
            if not self._dead:
                socket.send_fds(self._control, [json.dumps(request).encode()], fds)
        except (BrokenPipeError, ConnectionResetError):
            self._gone()
        finally:
            for fd in fds:
                os.close(fd)

    def _wait_for_reply(self, patience: float) -> dict[str, Any]:
        """Wait for one reply; empty when the episode is dead."""
        if self._dead:
            return {}
        self._control.settimeout(max(patience, 0.001))
        try:
            message = self._control.recv(_LARGEST_DATAGRAM)
        except TimeoutError:
            self._kill()  # only a machine that the episode itself has brought to a halt is this late
            return {}
        except ConnectionResetError:
            message = b""
        if not message:
            self._gone()
            return {}
        reply = json.loads(message)
        if "broken" in reply:
            raise SandboxError(f"the episode's first process broke:\n{reply['broken']}")
        return reply

    def _gone(self) -> None:
        """The episode's first process is dead: through its own doing, unless the zygote is dead too."""
        self._kill()
        if not self._zygote.alive:
            raise SandboxError("the zygote is dead, and every episode with it")


_PIPE_CHUNKS = 64


def _read_some(pipe: int, output: Output) -> bool:
    """Move what is there from the pipe to `output`; False at its end, or when nothing is there."""
    try:
        data = os.read(pipe, _CHUNK)
    except BlockingIOError:
        return False
    output.add(data)
    return bool(data)


def _memory_file(data: bytes) -> int:
    fd = os.memfd_create("body", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd


def _content(fd: int, most: int) -> bytes:
    size = min(os.fstat(fd).st_size, most)
    parts = []
    while size > 0 and (part := os.pread(fd, size, sum(map(len, parts)))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _result(reply: dict[str, Any], output: Output) -> ExecResult:
    if reply.get("note"):
        output.note(_NOTES_OF_INIT[reply["note"]])
    head, tail, dropped = output.parts()
    status = reply.get("status", "dead")
    if output.flooded:
        status = "output_limit"
    exited = status == "exited"
    return ExecResult(
        status=status,
        exit_code=reply["code"] if exited else None,
        head=head,
        tail=tail,
        dropped=dropped,
        seconds=reply.get("seconds", 0.0),
    )
