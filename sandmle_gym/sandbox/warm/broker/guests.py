"""One connection to the broker, and the episode that hangs on it.

Requests are datagrams, a word and perhaps JSON: `join` (is the pool warm?), `open` with a socket for the new
episode, `run` and `done` around each command, `fate` (what of ours broke?), `status`, `stop`. Everything but
`done` has one answer.
"""

import contextlib
import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import naps

if TYPE_CHECKING:
    from main import Broker
    from zygotes import Zygote

_LARGEST_DATAGRAM = 1 << 16


class Episode:
    """One open episode, until its first process, and with it every other, is dead."""

    def __init__(
        self, broker: "Broker", guest: "Guest", zygote: "Zygote", handle: int, user: int
    ) -> None:
        """Watch the process behind the pidfd `handle`; `user` is given back at its end."""
        self.broker = broker
        self.guest = guest
        self.zygote = zygote
        self.handle = handle
        self.user = user
        zygote.episodes.add(self)
        self.watch = naps.Watch(naps.process(handle))
        broker.watch(handle, self.on_death)

    def kill(self) -> None:
        """End it, from outside; `on_death` follows."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def on_death(self) -> None:
        """Give back what it held."""
        self.broker.unwatch(self.handle)
        os.close(self.handle)
        self.zygote.episodes.discard(self)
        self.broker.give_back(self.user)
        self.broker.queue.leave(self.guest)
        self.guest.episode = None


_ASKED = {"public", "resources"}
"""What a request for an episode says at least."""


class Guest:
    """One connection."""

    def __init__(self, broker: "Broker", connection: socket.socket, pid: int) -> None:
        """Serve a connection of the process `pid`."""
        self.broker = broker
        self.connection = connection
        self.pid = pid
        self.here = True
        self.stays = False
        """Whether it wants the pool to stay."""
        self.began = 0.0
        """When its turn began."""
        self.episode: Episode | None = None
        self.zygote: Zygote | None = None
        """Of the episode, also when that is dead."""
        broker.watch(connection, self.on_message)

    def on_message(self) -> None:
        """Take one request."""
        try:
            message, fds, _, _ = socket.recv_fds(
                self.connection, _LARGEST_DATAGRAM, 1, socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            message, fds = b"", []
        if not message:
            self.leave()
            return
        self._serve(message, fds)
        for fd in fds:
            os.close(fd)

    def _serve(self, message: bytes, fds: list[int]) -> None:
        word, _, rest = message.partition(b" ")
        match word:
            case b"run":
                self.broker.queue.ask(self)
            case b"done":
                self.broker.queue.leave(self)
            case b"open" if fds and self.zygote is None:
                self._open(rest, fds.pop())
            case b"join":
                self.stays = True
                self.broker.zygotes.join(self)
            case b"fate":
                self.answer({"fault": self.zygote.fault() if self.zygote else ""})
            case b"status":
                self.answer(self.broker.status())
            case b"stop":
                self.broker.stopping = True
            case _:
                self.leave()

    def _open(self, text: bytes, channel: int) -> None:
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.keys() >= _ASKED:  # not from our own side
            os.close(channel)
            self.leave()
            return
        self.stays = True
        self.broker.zygotes.open(self, body, channel)

    def answer(self, reply: dict[str, Any], *fds: int) -> None:
        """Send an answer; a guest that cannot take it has gone."""
        self.send(json.dumps(reply).encode(), *fds)

    def send(self, message: bytes, *fds: int) -> None:
        """Send a datagram."""
        if not self.here:
            return
        try:
            socket.send_fds(self.connection, [message], fds)
        except OSError:
            self.leave()

    def go(self) -> None:
        """Tell it that its turn has come."""
        self.began = time.monotonic()
        if self.episode is not None:
            self.episode.watch.begin()
        self.send(b"go")

    def asleep(self) -> bool:
        """Say whether its command needs no processor just now."""
        if self.episode is None:  # it is being opened, or its client is halted
            return time.monotonic() - self.began >= naps.START
        return self.episode.watch.asleep()

    def leave(self) -> None:
        """Let it go, and end its episode."""
        if not self.here:
            return
        self.here = False
        self.broker.unwatch(self.connection)
        self.connection.close()
        self.broker.queue.leave(self)
        self.broker.zygotes.forget(self)
        if self.episode is not None:
            self.episode.kill()
        self.broker.left(self)
