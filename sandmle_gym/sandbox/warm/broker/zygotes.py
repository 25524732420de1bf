"""The zygotes of a pool: started on demand, asked for episodes, replaced when they die.

A zygote forks one episode, and one fresh script, after the other; so there is one for every `_CORES_EACH`
processors, each started when those before it have as many episodes.
"""

import collections
import contextlib
import dataclasses
import json
import math
import os
import select
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

import guests

if TYPE_CHECKING:
    from main import Broker

_CORES_EACH = 8
"""The fork of a warm interpreter costs its parent 3 ms, the shortest useful script about 25 ms of a core."""
_AT_ONCE = 2
"""Requests on their way to one zygote; the others wait here, where they can go to the next zygote."""
_LARGEST_DATAGRAM = 1 << 20
_TRIES = 2
"""How often a request may lose the zygote that it was sent to."""
_STUCK = 100.0
"""Seconds after which a zygote that has not answered is taken for dead."""
_PATIENCE = 5.0
"""Seconds that a zygote may take to end when it is told to."""

State = Literal["starting", "ready", "dead"]


@dataclasses.dataclass
class Request:
    """A guest's wish for an episode."""

    guest: guests.Guest
    body: dict[str, Any]
    channel: int
    """The episode's control socket; ours until a zygote has it."""
    tries: int = 0

    def drop(self, report: dict[str, Any]) -> None:
        """Answer that it cannot be."""
        os.close(self.channel)
        self.guest.answer(report)


class Zygote:
    """One zygote process, below its parent `root.py`."""

    def __init__(self, owner: "Zygotes", broker: "Broker") -> None:
        """Start it; `on_message` hears of its progress."""
        self.owner = owner
        self.broker = broker
        self.state: State = "starting"
        self.episodes: set[guests.Episode] = set()
        self.asked: collections.deque[Request] = collections.deque()
        self.heard = time.monotonic()
        """When it last answered, or was asked after it had answered everything."""
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.errors = os.memfd_create("errors", os.MFD_CLOEXEC)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-S", owner.config["root"], str(theirs.fileno())],
                # Our claim on the users of its episodes: root.py holds it until the last of them is dead,
                # also where we die first. The zygote drops it with the rest of its standard streams.
                stdin=subprocess.DEVNULL if broker.users is None else broker.users.claim.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                pass_fds=[theirs.fileno()],
            )
        self.control.send(json.dumps(owner.config["zygote"]).encode())
        broker.watch(self.control, self.on_message)

    @property
    def load(self) -> int:
        """How many episodes it has or is asked for."""
        return len(self.episodes) + len(self.asked)

    def ask(self, request: Request) -> None:
        """Ask it for an episode."""
        request.body["user"] = self.broker.take_user()
        request.guest.zygote = self
        request.tries += 1
        if not self.asked:
            self.heard = time.monotonic()
        self.asked.append(request)
        message = json.dumps(request.body).encode()
        with contextlib.suppress(OSError):  # it is dead: on_message hears of it and asks another
            socket.send_fds(self.control, [message], [request.channel])

    def on_message(self) -> None:
        """Take an answer, or its death."""
        try:
            message, fds, _, _ = socket.recv_fds(
                self.control, _LARGEST_DATAGRAM, 1, socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            message, fds = b"", []
        self.heard = time.monotonic()
        if not message:
            self.die(self._obituary())
        elif self.state == "starting":
            self._on_welcome(json.loads(message))
        else:
            self._on_episode(json.loads(message), *fds)

    def _on_welcome(self, report: dict[str, Any]) -> None:
        if "failed" in report:
            self.die({**report, "complaint": self.complaint()})
        else:
            self.state = "ready"
            self.owner.dispatch()

    def _on_episode(self, reply: dict[str, Any], handle: int = -1) -> None:
        request = self.asked.popleft()
        guest, user = request.guest, request.body["user"]
        if handle < 0:
            self.broker.give_back(user)
            request.drop({"failed": "episode", "message": reply["failed"]})
        else:
            os.close(request.channel)
            guest.episode = guests.Episode(self.broker, guest, self, handle, user)
            guest.answer({}, handle)
            if not guest.here:
                guest.episode.kill()
        self.owner.dispatch()

    def check(self) -> None:
        """End it if it has owed an answer for too long."""
        if (self.asked or self.state == "starting") and time.monotonic() - self.heard > _STUCK:
            self.process.kill()  # the zygote dies with its parent, and on_message hears of it
            self.heard = time.monotonic()

    def complaint(self) -> str:
        """What it wrote to standard error; empty when nothing."""
        return os.pread(self.errors, 4000, 0).decode(errors="replace").strip()

    def _obituary(self) -> dict[str, Any]:
        why = "at its start" if self.state == "starting" else ""
        return {"failed": "zygote", "message": f"it died {why}", "complaint": self.complaint()}

    def fault(self) -> str:
        """Say whether it is dead, and every episode with it; empty when it lives."""
        if self.state != "dead":
            poll = select.poll()
            poll.register(self.control, 0)  # hang-up alone: it comes before the end of any episode
            if poll.poll(0):
                self.die(self._obituary())
        if self.state != "dead":
            return ""
        return f"zygote {self.process.pid} of pool {os.getpid()} died, and every episode with it"

    def die(self, report: dict[str, Any]) -> None:
        """Take leave of it; `report` says why it never got ready."""
        started = self.state == "ready"
        self.state = "dead"
        self.broker.unwatch(self.control)
        self.end()
        for request in self.asked:
            self.broker.give_back(request.body["user"])
        self.owner.on_death(self, None if started else report)

    def end(self) -> None:
        """Tell it to end, wait for that, and reap it."""
        self.control.close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()  # the zygote dies with its parent
            self.process.wait()
        os.close(self.errors)


class Zygotes:
    """All zygotes of the pool."""

    def __init__(self, broker: "Broker", config: dict[str, Any]) -> None:
        """Start none yet."""
        self.broker = broker
        self.config = config
        self.most = math.ceil(broker.queue.cores / _CORES_EACH)
        self.alive: list[Zygote] = []
        self.requests: collections.deque[Request] = collections.deque()
        self.joining: list[guests.Guest] = []

    def join(self, guest: guests.Guest) -> None:
        """Answer as soon as a zygote is warm, or cannot be."""
        self.joining.append(guest)
        self.dispatch()

    def open(self, guest: guests.Guest, body: dict[str, Any], channel: int) -> None:
        """Answer with a pidfd as soon as the episode is there."""
        self.requests.append(Request(guest, body, channel))
        self.dispatch()

    def dispatch(self) -> None:
        """Hand out what can be handed out, and start a zygote where one is missing."""
        if not self.alive and (self.requests or self.joining):
            self._start()
        ready = [zygote for zygote in self.alive if zygote.state == "ready"]
        if ready:
            self._answer_joining({"ready": True})
        while self.requests:
            free = [zygote for zygote in ready if len(zygote.asked) < _AT_ONCE]
            if not free:
                break
            least = min(free, key=lambda zygote: zygote.load)
            least.ask(self.requests.popleft())
            if least.load >= _CORES_EACH and len(ready) == len(self.alive) < self.most:
                self._start()

    def _start(self) -> None:
        self.alive.append(Zygote(self, self.broker))

    def _answer_joining(self, reply: dict[str, Any]) -> None:
        joining, self.joining = self.joining, []
        for guest in joining:
            guest.answer(reply)

    def on_death(self, zygote: Zygote, report: dict[str, Any] | None) -> None:
        """Forget a zygote; `report` says why it never got ready, and is what all get who wait for one.

        What a warm one was asked for goes to the next one, as no command has run yet.
        """
        self.alive.remove(zygote)
        if report is None:
            failed = [request for request in zygote.asked if request.tries >= _TRIES]
            again = [request for request in zygote.asked if request.tries < _TRIES]
            self.requests.extendleft(reversed(again))
            report = {"failed": "zygote", "message": "it dies when it is asked for an episode"}
        elif self.alive:
            failed, self.most = [], len(self.alive)
        else:
            failed = list(self.requests)
            self.requests.clear()
            self._answer_joining(report)
        for request in failed:
            request.drop(report)
        self.dispatch()

    def check(self) -> None:
        """Look after all of them."""
        for zygote in self.alive:
            zygote.check()

    def forget(self, guest: guests.Guest) -> None:
        """Drop the requests of a guest that has gone."""
        if guest in self.joining:
            self.joining.remove(guest)
        for request in [request for request in self.requests if request.guest is guest]:
            self.requests.remove(request)
            os.close(request.channel)

    def status(self) -> dict[str, Any]:
        """Say how many there are, and what they do, for people."""
        zygotes = [
            {"pid": zygote.process.pid, "state": zygote.state, "episodes": len(zygote.episodes)}
            for zygote in self.alive
        ]
        return {"zygotes": zygotes, "opening": len(self.requests)}

    def close(self) -> None:
        """End them all, and with them every episode."""
        for zygote in self.alive:
            zygote.control.close()
        for zygote in self.alive:
            zygote.end()
