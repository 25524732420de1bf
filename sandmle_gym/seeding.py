"""Keyed, independent random streams that never change between releases.

A stream is named by its labels: `stream("parcel-claims", 7, "noise")`. Distinct label tuples give
independent streams, so adding a draw to one part of a task cannot shift another part.
`numpy.random.RandomState` is used on purpose: NumPy promises that its streams are frozen, while
`Generator` may change between releases (NEP 19).
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

Label = str | int

_SECRET: ContextVar[bytes] = ContextVar("secret", default=b"")


@contextmanager
def keyed(secret: bytes) -> Iterator[None]:
    """Within it, in this thread, streams can be told by nobody who lacks the secret; b"" changes nothing."""
    token = _SECRET.set(secret)
    try:
        yield
    finally:
        _SECRET.reset(token)


def digest(*labels: Label) -> bytes:
    """Return the SHA-256 of the labels (HMAC with the secret of `keyed`).

    JSON keeps ("a", "b") apart from ("ab",) and 1 from "1".
    """
    text, secret = json.dumps(labels, ensure_ascii=True).encode(), _SECRET.get()
    if secret:
        return hmac.new(secret, text, hashlib.sha256).digest()
    return hashlib.sha256(text).digest()


def stream(*labels: Label) -> np.random.RandomState:
    """Return the random stream named by these labels (256 bits of key)."""
    return np.random.RandomState(np.frombuffer(digest(*labels), dtype="<u4").astype(np.uint32))


def integer(*labels: Label) -> int:
    """Return a 32-bit integer seed named by these labels, for libraries that want a plain number."""
    return int.from_bytes(digest(*labels)[:4], "little")
