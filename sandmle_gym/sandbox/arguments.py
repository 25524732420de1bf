"""What callers of a sandbox may pass; every backend checks with these before it does anything."""

import math
import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import get_args

from sandmle_gym.sandbox.base import Kind

_LONGEST_NAME = 4096
"""Bytes of the longest path that Linux takes."""


def check_command(kind: object, source: object, seconds: object, keep_bytes: int) -> None:
    """Check the arguments of `Sandbox.run`.

    Raises:
        TypeError: The source is no text, or the limit no number.
        ValueError: The kind is unknown, the limit not positive and finite, or `keep_bytes` negative.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"{kind!r} is not a kind of command; known: {', '.join(get_args(Kind))}")
    if not isinstance(source, str):
        raise TypeError(f"a command is a str, not {type(source).__name__}")
    if not isinstance(seconds, int | float):
        raise TypeError(f"seconds are a number, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds must be positive and finite, not {seconds}")
    if keep_bytes < 0:
        raise ValueError(f"keep_bytes must not be negative: {keep_bytes}")


def check_files(files: Mapping[str, bytes]) -> list[tuple[str, str, bytes]]:
    """Check the argument of `Sandbox.put`.

    Returns:
        Given name, plain name and content of each file.

    Raises:
        TypeError: A name is no text, or a content no bytes.
        ValueError: See `relative_name`.
    """
    for name, data in files.items():
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"the content of {name!r} is bytes, not {type(data).__name__}")
    return [(name, relative_name(name), data) for name, data in files.items()]


def check_size(max_bytes: int) -> None:
    """Check the limit of `Sandbox.get`.

    Raises:
        ValueError: It is negative.
    """
    if max_bytes < 0:
        raise ValueError(f"max_bytes must not be negative: {max_bytes}")


def relative_name(name: str) -> str:
    """Return the plain form of a name that stays in the working directory.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty or absolute, has `..` or a NUL in it, is longer than any path, or holds
            a surrogate that stands for no byte.
    """
    if not isinstance(name, str):
        raise TypeError(f"a file name is a str, not {type(name).__name__}")
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(f"{name[:100]!r} is not a name inside the working directory")
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        raise ValueError(f"{name[:100]!r} cannot be a file name") from None
    if length > _LONGEST_NAME:
        raise ValueError(f"{name[:100]!r}… is longer ({length} bytes) than a path can be")
    return str(path)
