"""Keeps the head and the tail of a stream of bytes of any length."""

import os
import select
import time

_CHUNK = 1 << 16


class Output:
    """What a command wrote, cut to a size."""

    def __init__(self, keep: int, flood: int) -> None:
        """Keep at most `keep` bytes, half from each end; more than `flood` bytes are a flood."""
        self._head_size, self._tail_size = keep - keep // 2, keep // 2
        self._flood = flood
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._total += len(data)
        room = self._head_size - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        if len(self._tail) > 2 * self._tail_size:  # not on every call: trimming copies
            del self._tail[: len(self._tail) - self._tail_size]

    def note(self, text: bytes) -> None:
        """Add a line of our own at the end."""
        if not self.flooded:
            last = (self._tail or self._head)[-1:]
            self.add(text if last in (b"", b"\n") else b"\n" + text)

    @property
    def flooded(self) -> bool:
        """Whether more came than one command may write."""
        return self._total > self._flood

    def parts(self) -> tuple[bytes, bytes, int]:
        """Return head, tail and the number of bytes dropped between them.

        How far a flood got before it was stopped is an accident: it is cut at the limit itself, and its
        tail is not shown, so that equal commands give equal values.
        """
        if self.flooded:
            return bytes(self._head), b"", self._flood - len(self._head)
        tail = bytes(self._tail[max(0, len(self._tail) - self._tail_size) :])
        dropped = self._total - len(self._head) - len(tail)
        if dropped == 0:
            return bytes(self._head) + tail, b"", 0
        return bytes(self._head), tail, dropped


class Watch:
    """Collects the output of a command until something ends it."""

    def __init__(self, pipe: int, output: Output, deadline: float) -> None:
        self.pipe = pipe
        self.output = output
        self.deadline = deadline

    def until(self, end: int) -> bool:
        """Read until `end` is readable (True), or time or output run out (False)."""
        poll = select.poll()
        poll.register(end, select.POLLIN)
        poll.register(self.pipe, select.POLLIN)
        while (left := self.deadline - time.monotonic()) > 0 and not self.output.flooded:
            ready = dict(poll.poll(left * 1000))
            if end in ready:
                return True
            if self.pipe in ready and not self._read():
                poll.unregister(self.pipe)
        return False

    def drain(self) -> None:
        """Read what the pipe still holds."""
        while not self.output.flooded and self._read():
            pass

    def _read(self) -> bool:
        try:
            data = os.read(self.pipe, _CHUNK)
        except BlockingIOError:
            return False
        self.output.add(data)
        return bool(data)
