"""Runs of Python as process 1 of an episode sees them: asked of the zygote, which also tells how they end.

A run is a child of the zygote, so `waitpid` here knows nothing of it.
"""

import contextlib
import errno
import itertools
import json
import os
import signal
import socket
from collections.abc import Collection, Iterator, Sequence

import wire

SCRIPT, SESSION, PROGRAM = b"s", b"c", b"p"
"""First byte of a job."""
_PATIENCE = 30.0
"""Seconds that a fork may take on a busy machine."""


class Run:
    """A fork of the zygote that is walled in, or about to be, and has or waits for something to do."""

    def __init__(self, number: int, channel: socket.socket) -> None:
        self.number = number
        self.channel = channel
        self._pid: int | None = None

    @property
    def pid(self) -> int:
        """Its process id, for which we may have to wait; 0: it is dead."""
        if self._pid is None:
            self.channel.settimeout(_PATIENCE)
            try:
                self._pid = int(self.channel.recv(64) or 0)
            except OSError:
                self._pid = 0
            self.channel.settimeout(None)
        return self._pid

    def known_pid(self) -> int | None:
        """Its process id if it has its walls up; until then no signal of ours reaches it."""
        if self._pid is None:
            with contextlib.suppress(OSError):
                self._pid = int(self.channel.recv(64, socket.MSG_DONTWAIT) or 0)
        return self._pid

    def give(self, kind: bytes, fds: Sequence[int], program: bytes) -> bool:
        """Hand it its job; False: it is dead."""
        if not self.pid:
            return False
        try:
            os.kill(self.pid, signal.SIGCONT)  # it may have been stopped with all others
            socket.send_fds(self.channel, [kind + program], fds)
        except OSError:
            return False
        return True


class Runs:
    """The line to the zygote."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.pids: dict[int, int] = {}
        """Process by number of its job, of all that are at work."""
        self.spare: Run | None = None
        """One that was made in advance; see `spares.py`."""
        self._numbers = itertools.count()
        self._used = False

    def start(
        self, kind: bytes, fds: Sequence[int], program: bytes = b""
    ) -> tuple[int, socket.socket]:
        """Start a run.

        Returns:
            Its process id, and the socket to it.

        Raises:
            OSError: The episode has as many processes as it may, or is being killed.
        """
        self._used = self._used or kind != SESSION
        for run in self._candidates(stays=kind == SESSION):
            if run.give(kind, fds, program):
                self.pids[run.number] = run.pid
                return run.pid, run.channel
            run.channel.close()
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def _candidates(self, *, stays: bool) -> Iterator[Run]:
        """Yield the spare, where there is one and it is not for good, then a new fork."""
        if self.spare is not None and not stays:
            self._tell({"op": "take", "job": self.spare.number})
            spare, self.spare = self.spare, None
            yield spare
        number = next(self._numbers)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._tell({"op": "fork", "job": number, "stays": stays}, theirs.fileno())
        yield Run(number, ours)

    def idle(self) -> None:
        """Tell the zygote that nothing runs here now, if Python was used."""
        if self._used:
            self._tell({"op": "idle"})
        self._used = False

    def want_spare(self) -> None:
        """Tell the zygote that a run will soon be needed."""
        if self.spare is None:
            self._tell({"op": "want"})

    def drop_spare(self) -> None:
        """Let the spare go: it ends when its socket does."""
        if self.spare is not None:
            self.spare.channel.close()
            self.spare = None

    def ended(self, until: Collection[int] | None = None) -> dict[int, int]:
        """Take what the zygote tells; return the exit codes of the runs that have ended.

        Args:
            until: Wait until none is at work but these; None: do not wait.
        """
        codes: dict[int, int] = {}
        while until is None or any(pid not in until for pid in self.pids.values()):
            self.line.setblocking(until is not None)
            try:
                message, fds = wire.receive(self.line, 256, 1)
            except BlockingIOError:
                break
            if not message:
                os._exit(1)  # the zygote is dead, and soon are we
            notice = json.loads(message)
            if "spare" in notice:
                self.drop_spare()
                self.spare = Run(notice["spare"], socket.socket(fileno=fds[0]))
            elif "drop" in notice or (self.spare and notice["job"] == self.spare.number):
                self.drop_spare()
            elif notice["job"] in self.pids:
                codes[self.pids.pop(notice["job"])] = notice.get("code", 0)
        self.line.setblocking(True)
        return codes

    def _tell(self, message: dict[str, object], *fds: int) -> None:
        socket.send_fds(self.line, [json.dumps(message).encode()], fds)
