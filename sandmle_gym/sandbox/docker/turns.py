"""The run queue of a container's episodes: the broker's, for the threads of the one process that uses it.

Nobody but those who wait is there to look after sleepers: the first of them does.
"""

import threading
import time
from typing import Any

from sandmle_gym.sandbox.warm.broker import naps
from sandmle_gym.sandbox.warm.broker.runqueue import RunQueue
from sandmle_gym.sandbox.warm.channel import Channel
from sandmle_gym.sandbox.warm.zygote import Zygote

_LAST_BREATH = 0.3
"""Seconds after the end of an episode in which the zygote may turn out to be dead as well."""


class Turns:
    """Who runs and who waits. Thread-safe; see `RunQueue`."""

    def __init__(self, cores: int) -> None:
        """Let `cores` commands run at once, not counting those that sleep."""
        self._cores = cores
        self.abandon()

    def abandon(self) -> None:
        """Begin anew in a forked child, which has none of the threads that run or wait."""
        self._lock = threading.Lock()
        self._queue: RunQueue[QueuedChannel] = RunQueue(self._cores)

    def take(self, episode: "QueuedChannel") -> None:
        """Wait until it is an episode's turn, or it is killed."""
        with self._lock:
            if episode.killed:  # whoever kills it from now on finds it in the queue
                return
            episode.called = threading.Condition(self._lock)
            self._queue.ask(episode)
            try:
                while episode in self._queue.waiting:
                    episode.called.wait(self._patience(episode))
                    self._queue.tick()
            finally:
                self._call_first()

    def _patience(self, episode: "QueuedChannel") -> float | None:
        if self._queue.waiting[0] is episode:
            return max(0.0, self._queue.next_look - time.monotonic())
        return None

    def _call_first(self) -> None:
        """Wake the first of those who wait: from now on it looks after the sleepers."""
        if self._queue.waiting:
            self._queue.waiting[0].called.notify()

    def leave(self, episode: "QueuedChannel") -> None:
        """End a turn, or give up waiting for one; fine for whoever has neither."""
        with self._lock:
            if episode in self._queue.waiting:
                episode.called.notify()
            self._queue.leave(episode)
            self._call_first()


class QueuedChannel(Channel):
    """An episode of a zygote that this process holds itself, and its place in the run queue."""

    def __init__(self, zygote: Zygote, turns: Turns) -> None:
        super().__init__()
        self._zygote = zygote
        self._turns = turns
        self._watch = naps.Watch()
        self.called = threading.Condition()
        """Notified when its turn comes, or it is to look after the sleepers."""

    def begin(self) -> float:
        """Wait for a turn; see `Channel.begin`."""
        start = time.perf_counter()
        self._turns.take(self)
        return time.perf_counter() - start

    def open(self, request: dict[str, Any]) -> None:
        """Fork the episode; see `Channel.open`."""
        control, handle = self._zygote.open(request)
        self._watch = naps.Watch(naps.process(handle))
        self._take(control, handle)

    def fault(self) -> str:
        """Look at the zygote; see `Channel.fault`. When all die together, it takes the longest."""
        end = time.monotonic() + _LAST_BREATH
        while self._zygote.alive and time.monotonic() < end:
            time.sleep(0.01)
        return "" if self._zygote.alive else "the zygote is dead, and every episode with it"

    def end(self) -> None:
        """Let the next one run."""
        self._turns.leave(self)

    def go(self) -> None:
        """See `Waiter.go`; only with the queue's lock held, as what follows."""
        self._watch.begin()
        self.called.notify()

    def asleep(self) -> bool:
        """See `Waiter.asleep`."""
        return self._watch.asleep()

    def kill(self) -> None:
        """Kill the episode, and end its wait or its turn; see `Channel.kill`."""
        super().kill()
        self._turns.leave(self)
