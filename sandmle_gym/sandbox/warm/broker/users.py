"""User ids for episodes, so that no two of the machine's live ones share an id.

Limits and signals go by user. Each pool of root takes a range of its own, and holds it by the name of an
abstract socket, of which there is one per machine (per network namespace), and no file to leave behind.
"""

import os
import socket
from collections import deque

_FIRST = 1 << 30
_RANGE = 1 << 16
_RANGES = 1 << 14


class Users:
    """A range of user ids."""

    def __init__(self) -> None:
        """Take a free range; where to look first depends on our pid, so that a range rests after its use."""
        self.claim, number = _claim(os.getpid())
        self.first = _FIRST + number * _RANGE
        self.rested = deque(range(self.first, self.first + _RANGE))

    def take(self) -> int:
        """Return the id that has rested longest."""
        return self.rested.popleft()

    def give_back(self, user: int) -> None:
        """Take back the id of an episode that is dead."""
        self.rested.append(user)


def _claim(start: int) -> tuple[socket.socket, int]:
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    for step in range(_RANGES):
        number = (start + step) % _RANGES
        try:
            claim.bind(f"\0sandmle-users-{number}")
        except OSError:
            continue
        return claim, number
    raise RuntimeError("every range of user ids is taken")
