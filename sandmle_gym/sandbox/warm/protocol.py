"""Requests to a broker from outside, and what its answers mean; `broker/guests.py` is the other end."""

import errno
import json
import os
import resource
import socket
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.warm.advice import advice

PATIENCE = 120.0
"""Seconds that we wait for the imports, or for a busy machine, before we call a pool broken."""
LARGEST_DATAGRAM = 1 << 16
GO = b"go"
"""The broker's word for "it is your turn"."""
_DESCRIPTORS = 3
"""A connection to the broker, one to the episode, and the pidfd of its first process."""


def ask(
    connection: socket.socket, message: bytes, *fds: int, patience: float = PATIENCE
) -> tuple[dict[str, Any], int | None]:
    """Send a request to a broker and wait for the answer: a report, empty if it is dead, and a descriptor."""
    try:
        connection.settimeout(patience)
        socket.send_fds(connection, [message], fds)
        answer, received, flags = GO, [], 0
        while answer == GO:  # a turn that came too late for an episode that had died
            answer, received, flags, _ = socket.recv_fds(
                connection, LARGEST_DATAGRAM, 1, socket.MSG_CMSG_CLOEXEC
            )
    except TimeoutError as error:
        raise SandboxError(f"the pool did not answer for {patience:g} s") from error
    except (BrokenPipeError, ConnectionResetError):
        return {}, None
    if flags & socket.MSG_CTRUNC:
        raise unreachable(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    return (json.loads(answer) if answer else {}), (received[0] if received else None)


def unreachable(error: OSError) -> SandboxError:
    """Say why a pool cannot be reached, and what to do about it."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return SandboxError(
            f"no file descriptor is left of {limit}, and an open episode takes {_DESCRIPTORS}: raise the "
            "limit (ulimit -n, LimitNOFILE=, resource.setrlimit) or close episodes"
        )
    return SandboxError(f"the sandbox cannot be reached: {error}")


def failure(report: dict[str, Any]) -> SandboxError:
    """Turn a broker's report of what failed into an exception."""
    what, message = report["failed"], report["message"]
    complaint = f"\n{report['complaint']}" if report.get("complaint") else ""
    match what:
        case "imports":
            return SandboxError(f"the zygote cannot import what it should: {message}")
        case "zygote":
            return SandboxError(f"the zygote is dead: {message}{complaint}")
        case "episode" | "descriptors":
            return SandboxError(f"the pool opens no episode: {message}")
    return IsolationUnavailableError(advice(report) + complaint)
