"""Which episodes get a run of Python in advance, so that the agent's thinking pays for the fork.

A spare is walled in, and has as many of its page faults behind it as there was time for. There are only as
many as the machine has processors, for the episodes that used Python last; they are made when a processor is
idle, be it beside the run before, and go when nobody wants them.
"""

import collections
import math
import os
import time

_SOON = 0.003
"""Seconds after which an idle episode gets a spare: one that goes on at once needs the processor. It gets its
next one after as long, beside the run."""
_SLACK = 0.03
"""Seconds for which a processor must have been idle: while commands queue, the gaps between them are shorter,
and a spare made in one would take its time from the next command, which is another episode's."""
_LIFE = 10.0
"""Seconds that a spare waits."""


class Spares:
    """Counts spares and says what to do next; keys are those of the zygote's episodes."""

    def __init__(self) -> None:
        self.most = len(os.sched_getaffinity(0))
        self.wanting: collections.OrderedDict[int, float] = collections.OrderedDict()
        """Episodes without a spare, by when to make it."""
        self.idle: dict[int, float] = {}
        """Since when episodes have done nothing that did before."""
        self.waiting: collections.OrderedDict[int, float] = collections.OrderedDict()
        """Episodes with a spare, by when it was made."""
        self.slack: float | None = None
        """Since when fewer runs are at work than there are processors."""
        self.leaving: set[int] = set()
        """Those of them whose spare was told to go."""

    def on_wanted(self, key: int, after: float = 0.0) -> None:
        """An episode will run Python soon."""
        if key not in self.waiting:
            self.wanting[key] = time.monotonic() + after
            self.wanting.move_to_end(key)

    def on_idle(self, key: int) -> None:
        """An episode has run Python, and now does nothing."""
        self.idle[key] = time.monotonic()
        self.on_wanted(key, _SOON)

    def on_busy(self, key: int) -> None:
        """It starts a run."""
        self.wanting.pop(key, None)
        if time.monotonic() - self.idle.pop(key, -math.inf) < _SOON:
            self.on_wanted(key, _SOON)

    def on_made(self, key: int) -> None:
        """It has a spare."""
        self.wanting.pop(key, None)
        self.waiting[key] = time.monotonic()

    def on_gone(self, key: int) -> None:
        """Its spare is in use, or dead."""
        self.waiting.pop(key, None)
        self.leaving.discard(key)

    def forget(self, key: int) -> None:
        """The episode is over."""
        self.wanting.pop(key, None)
        self.idle.pop(key, None)
        self.on_gone(key)

    def next_to_make(self, running: int) -> int | None:
        """The episode to make a spare for now, with so many runs at work."""
        now = time.monotonic()
        if running >= self.most:
            self.slack = None
            return None
        self.slack = now if self.slack is None else self.slack
        if not self.wanting or len(self.waiting) >= self.most or now - self.slack < _SLACK:
            return None
        key, due = next(reversed(self.wanting.items()))
        return key if now >= due else None

    def next_to_drop(self) -> int | None:
        """The episode whose spare should make room, or has waited long enough."""
        for key, since in self.waiting.items():
            if key not in self.leaving:
                crowded = self.wanting and len(self.waiting) - len(self.leaving) >= self.most
                if crowded or time.monotonic() - since >= _LIFE:
                    self.leaving.add(key)
                    return key
                return None
        return None

    def pause(self, running: int) -> float | None:
        """Seconds after which to ask again; None: only when something has happened."""
        if self.wanting and running < self.most and len(self.waiting) < self.most:
            return _SOON
        return _LIFE / 4 if self.waiting else None
