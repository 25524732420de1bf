"""Sockets that a forked child must not keep: a copy in the child would hide from a peer that we have gone."""

import os
import socket
import weakref

_private: "weakref.WeakSet[socket.socket]" = weakref.WeakSet()


def private(connection: socket.socket) -> socket.socket:
    """Have a socket closed in every child that is forked while it lives."""
    _private.add(connection)
    return connection


def _after_fork() -> None:
    for connection in list(_private):
        connection.close()


os.register_at_fork(after_in_child=_after_fork)
