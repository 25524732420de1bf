"""Whose turn it is: as many commands at once as there are cores, first come, first served.

A command that sleeps needs no core. So beyond that number one more is let in for each core that stands
idle, looked up once per tick while somebody waits. Whoever is let in stays in until it is done.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

TICK = 0.005
"""Seconds between two looks at the load. A look costs about 0.02 ms."""


class Waiter(Protocol):
    """Who asks for a turn."""

    def send(self, message: bytes) -> None:
        """Tell it that it may go."""


class RunQueue:
    """The commands that run, and those that wait."""

    def __init__(self, cores: int, idle: Callable[[], int]) -> None:
        """Let `cores` run at once, and more while `idle` (now) finds idle cores."""
        self.cores = cores
        self.idle = idle
        self.running: set[Waiter] = set()
        self.waiting: deque[Waiter] = deque()
        self.next_look = 0.0
        self.served = self.longest = 0

    def ask(self, waiter: Waiter) -> None:
        """Join the queue."""
        self.waiting.append(waiter)
        self._advance()
        self.longest = max(self.longest, len(self.waiting))

    def leave(self, waiter: Waiter) -> None:
        """End a turn, or give up waiting for one; fine for whoever has neither."""
        if waiter in self.running:
            self.running.discard(waiter)
            self._advance()
        elif waiter in self.waiting:
            self.waiting.remove(waiter)

    def _advance(self) -> None:
        while self.waiting and len(self.running) < self.cores:
            self._let_in()

    def _let_in(self) -> None:
        waiter = self.waiting.popleft()
        self.running.add(waiter)
        self.served += 1
        waiter.send(b"go")  # may bring us back to `leave`, if it has gone

    def tick(self) -> None:
        """Let in one more for each idle core, at most once per `TICK`."""
        now = time.monotonic()
        if not self.waiting or now < self.next_look:
            return
        self.next_look = now + TICK
        for _ in range(min(self.idle(), len(self.waiting))):
            if self.waiting:
                self._let_in()

    def status(self) -> dict[str, Any]:
        """Say how full it is, for people."""
        return {
            "cores": self.cores,
            "running": len(self.running),
            "waiting": len(self.waiting),
            "served": self.served,
            "longest_queue": self.longest,
        }
