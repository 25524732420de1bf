"""The host's handle on the zygote process: starts it, asks it for episodes, notices its death."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.warm import plan
from sandmle_gym.sandbox.warm.advice import advice, choose_root

_LARGEST_DATAGRAM = 1 << 20
_PATIENCE = 120.0
"""Seconds that we wait for the imports, or for a busy machine, before we call the zygote broken."""


class Zygote:
    """One running zygote. Thread-safe."""

    def __init__(self, public_root: Path | None, preload: Iterable[str]) -> None:
        """Start it and wait until it has imported everything.

        Raises:
            IsolationUnavailableError: A wall cannot be put up on this machine; names which, and why.
        """
        self.as_root = choose_root()
        config = plan.configuration(as_root=self.as_root, public_root=public_root, preload=preload)
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the zygote
        self._process = self._start(theirs)
        try:
            self._control.send(json.dumps(config).encode())
            self._welcome()
        except BaseException:
            self.close()
            raise

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        with theirs:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-E",
                    "-s",
                    "-S",
                    str(plan.JAIL / "root.py"),
                    str(theirs.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[theirs.fileno()],
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )

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

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        self._control.close()
        self._errors.close()
        self._process.returncode = 0  # not ours to reap

    def close(self) -> None:
        """End it, and with it every episode. Calling it twice is fine."""
        self._control.close()
        self._errors.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its child, the zygote, dies with it
            self._process.wait()
