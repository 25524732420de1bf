"""Whose turn it is: as many commands at once as there are cores, first come, first served.

A command that sleeps needs no core: while somebody waits, those that have a turn are looked at once per tick,
and for each one that sleeps another is let in. Whoever is let in stays in until it is done.
"""

import time
from collections import deque
from typing import Any, Generic, Protocol, TypeVar

TICK = 0.003
"""Seconds between two looks at those that have a turn, while looks find sleepers."""
_LONGEST = 0.04
"""Seconds between two looks after many that found none. One look takes 0.05 ms for each turn."""
_SHARE = 8
"""The wait after a look is at least so many times the processor time that it took."""


class Waiter(Protocol):
    """Who asks for a turn."""

    def go(self) -> None:
        """Tell it that its turn has come."""

    def asleep(self) -> bool:
        """Say whether it needs no core just now."""
        ...


Each = TypeVar("Each", bound=Waiter)


class RunQueue(Generic[Each]):
    """The commands that run, and those that wait."""

    def __init__(self, cores: int) -> None:
        """Let `cores` run at once, not counting those that sleep."""
        self.cores = cores
        self.running: set[Each] = set()
        self.napping: set[Each] = set()
        """Those of them that slept when they were looked at."""
        self.waiting: deque[Each] = deque()
        self.next_look, self.pause = 0.0, TICK
        self.served = self.longest = 0

    def ask(self, waiter: Each) -> None:
        """Join the queue."""
        self.waiting.append(waiter)
        self._advance()
        self.longest = max(self.longest, len(self.waiting))

    def leave(self, waiter: Each) -> None:
        """End a turn, or give up waiting for one; fine for whoever has neither."""
        if waiter in self.running:
            self.running.discard(waiter)
            self.napping.discard(waiter)
            self._advance()
        elif waiter in self.waiting:
            self.waiting.remove(waiter)

    def _advance(self) -> None:
        while self.waiting and len(self.running) - len(self.napping) < self.cores:
            waiter = self.waiting.popleft()
            self.running.add(waiter)
            self.served += 1
            waiter.go()  # may bring us back to `leave`, if it has gone

    def patience(self) -> float:
        """Return the seconds until the next look."""
        return max(0.0, self.next_look - time.monotonic())

    def tick(self) -> None:
        """Look who sleeps, if somebody waits and the last look was long enough ago."""
        now, start = time.monotonic(), time.thread_time()
        if not self.waiting or now < self.next_look:
            return
        self.napping = {waiter for waiter in self.running if waiter.asleep()}
        self.pause = TICK if self.napping else min(1.5 * self.pause, _LONGEST)
        self._advance()
        self.next_look = now + max(self.pause, _SHARE * (time.thread_time() - start))

    def status(self) -> dict[str, Any]:
        """Say how full it is, for people."""
        return {
            "cores": self.cores,
            "running": len(self.running),
            "waiting": len(self.waiting),
            "served": self.served,
            "longest_queue": self.longest,
        }
