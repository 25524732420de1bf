"""Messages between the grader and its worker: a JSON head and a block of bytes, each with its length."""

import json
import socket
import struct
from typing import Any

OUT_OF_MEMORY = 77
"""Exit status of a worker that reached its memory limit."""

_LENGTHS = struct.Struct(">II")


def send(channel: socket.socket, head: dict[str, Any], block: bytes = b"") -> None:
    """Send one message.

    Raises:
        OSError: The other end is gone (or did not read in time: TimeoutError).
    """
    data = json.dumps(head, allow_nan=False).encode()
    channel.sendall(_LENGTHS.pack(len(data), len(block)) + data)
    channel.sendall(block)


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Receive one message.

    Raises:
        EOFError: The other end is gone.
        TimeoutError: It did not come in time.
    """
    head, block = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size))
    return json.loads(_exactly(channel, head)), _exactly(channel, block)


def _exactly(channel: socket.socket, size: int) -> bytes:
    buffer = bytearray(size)
    view, done = memoryview(buffer), 0
    while done < size:
        count = channel.recv_into(view[done:])
        if not count:
            raise EOFError("the other end is gone")
        done += count
    return bytes(buffer)
