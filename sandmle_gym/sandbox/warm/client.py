"""The host's end of one warm episode: requests in, values out."""

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.arguments import check_command, check_files, check_size, relative_name
from sandmle_gym.sandbox.base import ExecResult, Fetched, Kind, Resources, Sandbox
from sandmle_gym.sandbox.output import Output
from sandmle_gym.sandbox.warm.zygote import Zygote

_LARGEST_DATAGRAM = 1 << 16
_CHUNK = 1 << 16
_GRACE = 60.0
"""Seconds beyond the limit of a command after which an episode that gives no answer is given up."""
_NOTES_OF_INIT = {
    "session": b"[the Python session has ended; the next cell starts a new one]\n",
    "memory": b"[killed: all processes together used too much memory]\n",
}


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
        self._lock = threading.RLock()
        """Held where the handle is used or closed: the number of a closed one may be another's."""
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
        check_command(kind, source, seconds, keep_bytes)
        output = Output(keep_bytes, self._flood)
        body = _memory_file(source.encode("utf-8", "surrogatepass"))
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            self._send({"op": "run", "kind": kind, "seconds": seconds}, writer, body)
            reply = self._collect(reader, output, seconds + _GRACE)
        except BaseException:
            self.close()  # a reply that comes after an interruption would answer the next request
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
        failed = []
        for name, inside, data in check_files(files):
            reply = self._ask({"op": "put", "name": inside}, _memory_file(data))
            if reply.get("problem") is not None or self._dead:
                failed.append(name)
        return tuple(failed)

    def get(self, name: str, *, max_bytes: int) -> Fetched:
        """Read a file; see `Sandbox.get`."""
        check_size(max_bytes)
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

    def kill(self) -> None:
        """Kill the episode's first process, and with it all others; see `Sandbox.kill`."""
        self._dead = True
        with self._lock:
            if self._handle >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """Kill the episode."""
        self.kill()
        self._drop()

    def abandon(self) -> None:
        """Let go of an episode in a forked child, to whom it does not belong."""
        self._dead = True
        self._lock = threading.RLock()  # the old one may be held by a thread that the child lacks
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
        self._control.close()

    def _ask(self, request: dict[str, Any], body: int) -> dict[str, Any]:
        try:
            self._send(request, body)
            return self._wait_for_reply(_GRACE)
        except BaseException:
            self.close()
            raise

    def _send(self, request: dict[str, Any], *fds: int) -> None:
        """Send a request with descriptors, and close our copies of them."""
        try:
            if self._control.fileno() < 0:
                raise SandboxError("this sandbox is closed")
            if self._dead:
                self._gone()
            else:
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
            self.kill()  # only a machine that the episode itself has brought to a halt is this late
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
        """Take note that the episode is dead: by its own doing or `kill`, unless the zygote is too."""
        self.kill()
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
