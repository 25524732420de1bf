"""An episode of a pool: its connection to the broker is its seat, and its place in the run queue."""

import contextlib
import json
import select
import socket
import time
from typing import Any

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.warm.channel import Channel
from sandmle_gym.sandbox.warm.forks import private
from sandmle_gym.sandbox.warm.pool import Pool
from sandmle_gym.sandbox.warm.protocol import LARGEST_DATAGRAM, ask, failure, unreachable


class PooledChannel(Channel):
    """An episode of a pool, and its place in the pool's run queue."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool
        self._seat: socket.socket | None = None

    def begin(self) -> float:
        """Wait for a turn; see `Channel.begin`. A pool that is dead is replaced, if no episode is lost.

        Raises:
            SandboxError: The broker is dead. The episode will be soon, but might still run a command.
        """
        start = time.perf_counter()
        if self._seat is None:
            self._sit()
        if not self._ask_for_turn() and not self.killed:
            raise SandboxError(self._pool.obituary())
        return time.perf_counter() - start

    def _ask_for_turn(self) -> bool:
        """Wait for a turn or the end of the episode; False: the broker is dead, or we were killed."""
        seat = self._seat
        assert seat is not None
        try:
            seat.settimeout(None)
            seat.send(b"run")
            poll = select.poll()
            poll.register(seat, select.POLLIN)
            if self._handle >= 0:
                poll.register(self.control, select.POLLIN)  # its death
            return seat.fileno() not in dict(poll.poll()) or bool(seat.recv(LARGEST_DATAGRAM))
        except OSError:
            return False

    def _sit(self) -> None:
        try:
            seat = self._pool.connect()
        except OSError as error:
            raise unreachable(error) from error
        with self._lock:
            self._seat = seat
            if self.killed:
                self.kill()

    def open(self, request: dict[str, Any]) -> None:
        """Fork the episode; see `Channel.open`."""
        assert self._seat is not None
        try:
            ours, theirs = map(private, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        except OSError as error:
            raise unreachable(error) from error
        try:
            with theirs:
                message = b"open " + json.dumps(request).encode()
                report, handle = ask(self._seat, message, theirs.fileno())
        except BaseException:
            ours.close()
            raise
        if handle is None:
            ours.close()
            raise failure(report) if report else SandboxError(self._pool.obituary())
        self._take(ours, handle)

    def end(self) -> None:
        """Let the next one run."""
        with contextlib.suppress(OSError):
            if self._seat is not None:
                self._seat.send(b"done")

    def fault(self) -> str:
        """Ask the broker what broke; see `Channel.fault`."""
        assert self._seat is not None
        report, _ = ask(self._seat, b"fate")
        return report["fault"] if report else self._pool.obituary()

    def kill(self) -> None:
        """Kill the episode; see `Channel.kill`."""
        with self._lock:
            super().kill()
            if self._seat is not None:
                with contextlib.suppress(OSError):
                    self._seat.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a turn

    def _drop(self) -> None:
        with self._lock:
            super()._drop()
            if self._seat is not None:
                self._seat.close()
