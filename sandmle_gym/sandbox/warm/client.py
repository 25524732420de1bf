"""The host's end of one warm episode: requests in, values out."""

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.arguments import check_command, check_files, check_size, relative_name
from sandmle_gym.sandbox.base import ExecResult, Fetched, Kind, Sandbox
from sandmle_gym.sandbox.output import Output
from sandmle_gym.sandbox.warm.channel import Channel
from sandmle_gym.sandbox.warm.protocol import unreachable

_LARGEST_DATAGRAM = 1 << 16
_CHUNK = 1 << 16
_GRACE = 60.0
"""Seconds beyond the limit of a command after which an episode that gives no answer is given up."""
_NOTICE = 5.0
"""Seconds after which a thread in the midst of a call should have seen that its episode was killed."""
_NOTES_OF_INIT = {
    "session": b"[the Python session has ended; the next cell starts a new one]\n",
    "memory": b"[killed: all processes together used too much memory]\n",
    "cpu": b"[killed: all processes together used too much CPU time]\n",
}


class WarmSandbox(Sandbox):
    """One episode in a pid namespace of its own, which comes into being with the first call that needs it."""

    def __init__(self, channel: Channel, request: dict[str, Any]) -> None:
        """Prepare; `request` is what the zygote is asked for."""
        self._channel = channel
        self._request = request
        self._flood = request["resources"]["flood_mb"] << 20
        self._open = self._killed = self._dead = self._closed = False
        self._use = threading.RLock()
        """Held during each call but `kill`: `close` waits for a call of another thread to notice."""

    def run(
        self, kind: Kind, source: str, *, seconds: float, keep_bytes: int = 65536
    ) -> ExecResult:
        """Run a command; see `Sandbox.run`."""
        check_command(kind, source, seconds, keep_bytes)
        output = Output(keep_bytes, self._flood)
        with self._in_use():
            queued = self._begin()
            reply = self._run(kind, source, seconds, output)
            return _result(reply, output, queued)

    def _run(self, kind: Kind, source: str, seconds: float, output: Output) -> dict[str, Any]:
        body = _memory_file(source.encode("utf-8", "surrogatepass"))
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            self._send({"op": "run", "kind": kind, "seconds": seconds}, writer, body)
            if not self._dead:
                return self._collect(reader, output, seconds + _GRACE)
            self._channel.end()
            return {}
        finally:
            os.close(reader)

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        """Close the episode for good if anything is raised.

        An answer that comes after an interruption would be taken for the next one's.
        """
        with self._use:
            if self._closed:
                raise SandboxError("this sandbox is closed")
            try:
                yield
            except OSError as error:  # no descriptor is left, for one
                self.close()
                raise unreachable(error) from error
            except BaseException:
                self.close()
                raise

    def _begin(self) -> float:
        """Wait for a turn, and open the episode if it is not; return the seconds waited."""
        waited = 0.0 if self._dead else self._channel.begin()
        if not (self._open or self._dead):
            self._open = True
            self._enter()
        return waited

    def _enter(self) -> None:
        try:
            self._channel.open(self._request)
            self._wait_for_reply(_GRACE)
        except SandboxError:
            if not self._killed:
                raise
        if self._dead and not self._killed:
            raise SandboxError("the episode died while its walls went up")

    def _ready(self) -> None:
        """Open the episode if it is not."""
        if not self._open:
            self._begin()
            self._channel.end()

    def _collect(self, pipe: int, output: Output, patience: float) -> dict[str, Any]:
        """Read output until the reply comes, end our turn, and read what the pipe still holds."""
        deadline = time.monotonic() + patience
        poll = select.poll()
        poll.register(self._channel.control, select.POLLIN)
        poll.register(pipe, select.POLLIN)
        stopped = False
        while not self._dead:
            ready = dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
            if not ready or self._channel.control.fileno() in ready:
                break
            if not _read_some(pipe, output):
                poll.unregister(pipe)
            if output.flooded and not stopped:
                stopped = True
                poll.unregister(pipe)
                self._send({"op": "stop"})
        reply = self._wait_for_reply(max(0.0, deadline - time.monotonic()))
        self._channel.end()  # the next one need not wait until we have read
        for _ in range(_PIPE_CHUNKS):
            if output.flooded or not _read_some(pipe, output):
                break
        return reply

    def put(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write files; see `Sandbox.put`."""
        failed = []
        requests = check_files(files)
        with self._in_use():
            self._ready()
            for name, inside, data in requests:
                self._send({"op": "put", "name": inside}, _memory_file(data))
                reply = self._wait_for_reply(_GRACE)
                if reply.get("problem") is not None or self._dead:
                    failed.append(name)
        return tuple(failed)

    def get(self, name: str, *, max_bytes: int) -> Fetched:
        """Read a file; see `Sandbox.get`."""
        check_size(max_bytes)
        request = {"op": "get", "name": relative_name(name), "max": max_bytes}
        with self._in_use():
            self._ready()
            with os.fdopen(os.memfd_create("get", os.MFD_CLOEXEC), "rb") as body:
                self._send(request, os.dup(body.fileno()))
                reply = self._wait_for_reply(_GRACE)
                if self._dead:
                    return Fetched(None, "dead")
                if reply["problem"] is not None:
                    return Fetched(None, reply["problem"])
                return Fetched(_content(body.fileno(), max_bytes))

    def kill(self) -> None:
        """Kill the episode's first process, and with it all others; see `Sandbox.kill`."""
        self._killed = self._dead = True
        self._channel.kill()

    def close(self) -> None:
        """Kill the episode."""
        self.kill()
        self._closed = True
        held = self._use.acquire(timeout=_NOTICE)
        try:
            self._channel.close()
        finally:
            if held:
                self._use.release()

    def abandon(self) -> None:
        """Let go of an episode in a forked child, to whom it does not belong; one not open yet may be."""
        self._use = threading.RLock()  # the old one may be held by a thread that the child lacks
        if self._open:
            self._dead = self._closed = True
            self._channel.abandon()

    def _send(self, request: dict[str, Any], *fds: int) -> None:
        """Send a request with descriptors, and close our copies of them."""
        try:
            if not self._dead:
                socket.send_fds(self._channel.control, [json.dumps(request).encode()], fds)
        except (BrokenPipeError, ConnectionResetError):
            self._gone()
        finally:
            for fd in fds:
                os.close(fd)

    def _wait_for_reply(self, patience: float) -> dict[str, Any]:
        """Wait for one reply; empty when the episode is dead."""
        if self._dead:
            return {}
        control = self._channel.control
        control.settimeout(max(patience, 0.001))
        try:
            message = control.recv(_LARGEST_DATAGRAM)
        except TimeoutError:
            self._die()  # only a machine that the episode itself has brought to a halt is this late
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
        """Take note that the episode is dead: by its own doing or `kill`, unless something of ours broke."""
        fault = "" if self._killed else self._channel.fault()
        self._die()
        if fault and not self._killed:
            raise SandboxError(fault)

    def _die(self) -> None:
        self._dead = True
        self._channel.kill()


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


def _result(reply: dict[str, Any], output: Output, queued: float) -> ExecResult:
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
        queued=queued,
    )
