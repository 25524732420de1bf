"""What the host holds of one open episode: its control socket, and a handle on its first process."""

import contextlib
import os
import signal
import socket
import threading
from abc import ABC, abstractmethod
from typing import Any


class Channel(ABC):
    """One episode, closed until `open`. Not thread-safe, but for `kill`."""

    control: socket.socket
    """Where its first process takes requests; there after `open`."""

    def __init__(self) -> None:
        self.killed = False
        self._handle = -1
        self._lock = threading.RLock()
        """Held where descriptors are used to kill, or closed: the number of a closed one may be another's."""

    @abstractmethod
    def open(self, request: dict[str, Any]) -> None:
        """Fork the episode.

        Raises:
            SandboxError: What forks episodes is dead, or cannot.
        """

    def begin(self) -> float:
        """Wait until a command may run, or the episode is dead.

        Returns:
            Seconds waited.
        """
        return 0.0

    def end(self) -> None:
        """Say that the command is over."""
        return

    @abstractmethod
    def fault(self) -> str:
        """Say what of ours broke when the episode died; empty when it died by its own doing."""

    def _take(self, control: socket.socket, handle: int) -> None:
        with self._lock:
            self.control, self._handle = control, handle
            if self.killed:
                self.kill()

    def kill(self) -> None:
        """Kill the episode's first process, and with it all others; from any thread."""
        with self._lock:
            self.killed = True
            if self._handle >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """Kill the episode and let go of it. Calling it twice is fine."""
        self.kill()
        self._drop()

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        self._lock = threading.RLock()  # the old one may be held by a thread that the child lacks
        self.killed = True
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
                self.control.close()
