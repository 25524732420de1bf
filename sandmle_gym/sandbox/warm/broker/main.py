"""The broker: keeps the zygotes of one pool, opens episodes for its guests, and says whose turn it is.

Run as `python main.py LISTENER_FD DIRECTORY NAME` with the configuration (JSON) on standard input. Guests
are connections: one for each episode, and one for each process that wants the pool to stay. A guest that
goes takes its episode along; some seconds after the last has gone the broker goes too, and leaves nothing.
"""

import contextlib
import fcntl
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cores
import guests
import runqueue
import users
import zygotes

_LOOK = 0.25
"""Seconds between two looks at whether it is time to go, while nobody is there."""
_CHECK = 5.0
"""Seconds between two looks at whether a zygote still does what it is asked for."""


class Broker:
    """The event loop, and all that it serves."""

    def __init__(self, listener: socket.socket, door: Path, config: dict[str, Any]) -> None:
        """Take over a listening socket, bound to the path `door`."""
        self.listener = listener
        self.door = door
        self.linger: float = config["linger"]
        self.selector = selectors.DefaultSelector()
        self.guests: set[guests.Guest] = set()
        self.queue: runqueue.RunQueue[guests.Guest] = runqueue.RunQueue(cores.count())
        self.users = users.Users() if config["zygote"]["as_root"] else None
        self.zygotes = zygotes.Zygotes(self, config)
        self.started = self.alone_since = time.monotonic()
        self.stopping = False
        self.spare = os.open(os.devnull, os.O_RDONLY)
        listener.setblocking(False)
        self.watch(listener, self.on_call)

    def watch(self, file: Any, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `file` is readable or closed by its peer."""
        self.selector.register(file, selectors.EVENT_READ, handler)

    def unwatch(self, file: Any) -> None:
        """Stop watching `file`."""
        self.selector.unregister(file)

    def serve(self) -> None:
        """Work until nobody is left, or until told to stop."""
        while not (self.stopping or self._over()):
            for key, _ in self.selector.select(self._patience()):
                if self.selector.get_map().get(key.fd) is key:  # else an earlier handler closed it
                    key.data()
            self.queue.tick()
            self.zygotes.check()

    def _patience(self) -> float | None:
        if self.queue.waiting:
            return self.queue.patience()
        return _CHECK if self.guests else _LOOK

    def _over(self) -> bool:
        """Close the door for good when it is time, unless somebody is just about to enter."""
        if self.guests or time.monotonic() - self.alone_since < self.linger:
            return False
        with _locked(self.door.parent, wait=False) as locked:
            if locked:
                self.on_call()
                if not self.guests:
                    self._close_door()
                    return True
        return False

    def on_call(self) -> None:
        """Let the next guest in, if it is the same user."""
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no descriptor is left
            self._turn_away()
            return
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid, user, _ = struct.unpack("3i", credentials)
        if user != os.geteuid():
            connection.close()
            return
        connection.setblocking(False)
        self.guests.add(guests.Guest(self, connection, pid))

    def _turn_away(self) -> None:
        """Tell a guest that it finds no room, with the descriptor that is kept for that."""
        os.close(self.spare)
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            why = f"the pool has used up its {limit} file descriptors: raise the hard limit (ulimit -Hn)"
            with connection:
                connection.send(json.dumps({"failed": "descriptors", "message": why}).encode())
        self.spare = os.open(os.devnull, os.O_RDONLY)

    def _close_door(self) -> None:
        """Remove the socket, and the directory if no other pool is in it."""
        self.listener.close()
        self.door.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.door.parent.rmdir()

    def close(self) -> None:
        """End everything: the guests that are left find their connection closed."""
        if self.listener.fileno() >= 0:
            with _locked(self.door.parent, wait=True):
                self._close_door()
        self.zygotes.close()
        for guest in list(self.guests):
            guest.leave()

    def take_user(self) -> int:
        """Return a user id for a new episode; 0 where episodes run as ourselves."""
        return self.users.take() if self.users is not None else 0

    def give_back(self, user: int) -> None:
        """Take back the user id of an episode that is dead."""
        if self.users is not None:
            self.users.give_back(user)

    def left(self, guest: guests.Guest) -> None:
        """Take note that a guest has gone; one that only asked how things are does not count."""
        self.guests.discard(guest)
        if guest.stays:
            self.alone_since = time.monotonic()

    def status(self) -> dict[str, Any]:
        """Say what is going on, for people."""
        return {
            "pid": os.getpid(),
            "uptime": time.monotonic() - self.started,
            "clients": sorted({guest.pid for guest in self.guests if guest.stays}),
            **self.zygotes.status(),
            **self.queue.status(),
        }


@contextlib.contextmanager
def _locked(directory: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock under which pools start and end; says whether it is held."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # somebody removed it, and our socket with it
        yield True
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def main() -> None:
    """Leave the process that started us, and serve."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.set_inheritable(False)
    config = json.load(sys.stdin)
    if os.fork():
        os._exit(0)
    os.setsid()
    with Path(os.devnull).open() as null:
        os.dup2(null.fileno(), 0)
    _forget_habits()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    broker = Broker(listener, Path(sys.argv[2], sys.argv[3]), config)
    try:
        broker.serve()
    except Exception:  # noqa: BLE001 - whoever started us may still read it
        traceback.print_exc()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        broker.close()


def _forget_habits() -> None:
    """Undo what we inherit from whoever happened to come first, as all clients share the outcome."""
    os.umask(0o022)
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN and number != signal.SIGPIPE:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    main()
