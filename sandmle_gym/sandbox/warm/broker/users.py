"""User ids for episodes, so that no two of the machine's live ones share an id.

Limits and signals go by user. Each pool of root takes a range of its own, and holds it by the name of an
abstract socket, of which there is one per machine (per network namespace), and no file to leave behind.
"""

import itertools
import os
import socket

_FIRST = 1 << 30
_RANGE = 1 << 16
_RANGES = 1 << 14


class Users:
    """A range of user ids."""

    def __init__(self) -> None:
        """Take a free range; where to look first depends on our pid, so that a range rests after its use."""
        self.claim, number = _claim(os.getpid())
        self.first = _FIRST + number * _RANGE
        self.steps = itertools.count()
        self.taken: set[int] = set()

    def take(self) -> int:
        """Return an id that no live episode has, and that has rested as long as can be."""
        if len(self.taken) == _RANGE:
            raise RuntimeError("every user id is taken")
        users = (self.first + step % _RANGE for step in self.steps)
        user = next(user for user in users if user not in self.taken)
        self.taken.add(user)
        return user

    def give_back(self, user: int) -> None:
        """Take back the id of an episode that is dead."""
        self.taken.discard(user)


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
