"""Runs of Python as process 1 of an episode sees them: asked of the zygote, which also tells how they end.

A run is a child of the zygote, so `waitpid` here knows nothing of it.
"""

import contextlib
import errno
import itertools
import json
import os
import socket
from collections.abc import Sequence

SCRIPT, SESSION, PROGRAM = b"s", b"c", b"p"
"""First byte of a job."""
_PATIENCE = 30.0
"""Seconds that a fork may take on a busy machine."""


class Runs:
    """The line to the zygote."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.pids: dict[int, int] = {}
        """Process by number of its job, of all that are alive."""
        self._numbers = itertools.count()

    def start(
        self, kind: bytes, fds: Sequence[int], program: bytes = b""
    ) -> tuple[int, socket.socket]:
        """Start a run.

        Returns:
            Its process id, and the socket to it.

        Raises:
            OSError: The episode has as many processes as it may, or is being killed.
        """
        number = next(self._numbers)
        pid, channel = self._fork(number)
        try:
            socket.send_fds(channel, [kind + program], fds)
        except OSError:
            channel.close()
            raise
        self.pids[number] = pid
        return pid, channel

    def _fork(self, number: int) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self.line, [json.dumps({"job": number}).encode()], [theirs.fileno()])
        ours.settimeout(_PATIENCE)
        with contextlib.suppress(OSError):
            if answer := ours.recv(64):
                ours.settimeout(None)
                return int(answer), ours
        ours.close()
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def ended(self, *, wait: bool = False) -> dict[int, int]:
        """Take what the zygote tells; return the exit codes of the runs that have ended.

        Args:
            wait: Whether to wait until none is alive.
        """
        codes: dict[int, int] = {}
        while not wait or self.pids:
            try:
                message = self.line.recv(256, 0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if not message:
                os._exit(1)  # the zygote is dead, and soon are we
            notice = json.loads(message)
            pid = self.pids.pop(notice["job"], None)
            if pid is not None:
                codes[pid] = notice.get("code", 0)
        return codes
