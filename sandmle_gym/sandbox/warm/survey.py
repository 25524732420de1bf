"""What pools this user has on the machine, and an end to them."""

from pathlib import Path
from typing import Any

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.warm import runtime
from sandmle_gym.sandbox.warm.protocol import ask

_PATIENCE = 15.0
"""Seconds that a busy broker may take for an answer, or to end its zygotes."""


def pools() -> list[dict[str, Any]]:
    """Ask every pool of this user what it does.

    Returns:
        Of each pool: `name`, `pid` of its broker, `uptime` in seconds, `clients` (their pids), `zygotes`
        (pid, state, episodes of each), `opening`, `cores`, `running`, `waiting`, `served` and
        `longest_queue` (commands), or `name` and `problem`.
    """
    answers = [(path.stem, _ask(path, b"status")) for path in runtime.sockets()]
    return [{"name": name, **report} for name, report in answers if report]


def stop_pools() -> int:
    """End all pools of this user. Their episodes are void; whoever opens the next one starts a pool anew.

    Returns:
        How many were told to end.
    """
    return sum(_ask(path, b"stop") is not None for path in runtime.sockets())


def _ask(path: Path, request: bytes) -> dict[str, Any] | None:
    """Return a broker's answer, empty if it ended instead; None if there is none behind this socket."""
    try:
        with runtime.connect(path) as connection:
            return ask(connection, request, patience=_PATIENCE)[0]
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, SandboxError) as error:
        return {"problem": str(error)}
