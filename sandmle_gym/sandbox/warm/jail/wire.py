"""Datagrams with file descriptors, received so that no program that is started later inherits them."""

import array
import socket


def receive(channel: socket.socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """Receive a datagram of at most `size` bytes, and at most `most` descriptors.

    Like `socket.recv_fds`, which ignores its flags and so leaves descriptors inheritable.
    """
    width = array.array("i").itemsize
    message, control, _, _ = channel.recvmsg(
        size, socket.CMSG_LEN(most * width), socket.MSG_CMSG_CLOEXEC
    )
    fds = array.array("i")
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % width])
    return message, list(fds)
