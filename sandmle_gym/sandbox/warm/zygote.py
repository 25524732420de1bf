"""The host's handle on a zygote that it holds itself: asks it for episodes, notices its death."""

import json
import os
import select
import socket
import threading
from abc import ABC, abstractmethod
from typing import IO, Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.warm.advice import advice

_LARGEST_DATAGRAM = 1 << 20
_PATIENCE = 120.0
"""Seconds that we wait for the imports, or for a busy machine, before we call the zygote broken."""


class Zygote(ABC):
    """One running zygote. Thread-safe."""

    foreign: bool
    """Whether its episodes run as other users of the machine than ourselves."""
    _lock: threading.Lock
    _control: socket.socket
    _errors: IO[bytes]

    def _welcome(self) -> None:
        self._control.settimeout(_PATIENCE)
        try:
            reply = json.loads(self._control.recv(_LARGEST_DATAGRAM) or b"{}")
        except (OSError, TimeoutError) as error:
            raise SandboxError(f"the zygote does not start: {error}{self.complaint()}") from error
        if reply.get("failed") == "imports":
            raise SandboxError(f"the zygote cannot import what it should: {reply['message']}")
        if "failed" in reply:
            raise IsolationUnavailableError(advice(reply) + self.complaint())
        if not reply:
            raise SandboxError(f"the zygote died at its start{self.complaint()}")

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes."""
        if self._control.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self._control, 0)  # hang-up and errors alone
        return not poll.poll(0)

    def complaint(self) -> str:
        """What it wrote to standard error, for an error message; empty when nothing."""
        text = os.pread(self._errors.fileno(), 4000, 0).decode(errors="replace").strip()
        return f"\n{text}" if text else ""

    def open(self, request: dict[str, Any]) -> tuple[socket.socket, int]:
        """Fork an episode.

        Returns:
            Its control socket, and a pidfd of its first process.

        Raises:
            SandboxError: The zygote is dead or could not fork.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with self._lock, theirs:
                socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
                message, fds, _, _ = socket.recv_fds(
                    self._control, _LARGEST_DATAGRAM, 1, socket.MSG_CMSG_CLOEXEC
                )
        except OSError as error:
            ours.close()
            raise SandboxError(f"the zygote is dead: {error}") from error
        except BaseException:
            self._control.close()  # its answer, still to come, would be taken for the next one's
            ours.close()
            raise
        if not fds:
            ours.close()
            why = json.loads(message)["failed"] if message else "it is dead"
            raise SandboxError(f"the zygote opens no episode: {why}")
        return ours, fds[0]

    @abstractmethod
    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""

    @abstractmethod
    def close(self) -> None:
        """End it, and with it every episode. Calling it twice is fine."""
