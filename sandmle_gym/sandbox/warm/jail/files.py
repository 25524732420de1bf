"""Files in and out of the working directory, touched inside the jail with the agent's own rights.

No link is followed and nothing blocks; what goes wrong is a word, not an exception.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

_WALK = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def put(work: int, name: str, body: int) -> str | None:
    """Write the content of `body` to a new file `name`, replacing what is not a directory.

    Returns:
        None, or why the agent's own doings are in the way.
    """
    try:
        with _parent(work, name, create=True) as (parent, last):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(last, dir_fd=parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            target = os.open(last, flags, 0o644, dir_fd=parent)
            with os.fdopen(target, "wb"):
                _copy(body, target, os.fstat(body).st_size)
    except OSError as error:
        return error.strerror or "failed"
    finally:
        os.close(body)
    return None


def get(work: int, name: str, largest: int, body: int) -> str | None:
    """Copy a regular file of at most `largest` bytes to `body`.

    Returns:
        None, or a `FileProblem`.
    """
    try:
        with _parent(work, name, create=False) as (parent, last):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            status = os.stat(last, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                return "not_regular"
            if status.st_size > largest:
                return "too_large"
            with os.fdopen(os.open(last, flags, dir_fd=parent), "rb", buffering=0) as source:
                _copy(source.fileno(), body, status.st_size)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError as error:
        return "missing" if error.errno == errno.ENAMETOOLONG else "unreadable"
    finally:
        os.close(body)
    return None


@contextlib.contextmanager
def _parent(work: int, name: str, *, create: bool) -> Iterator[tuple[int, str]]:
    """Open the directory of `name`, one component at a time; yield it and the last component."""
    *folders, last = name.split("/")
    current = os.dup(work)
    try:
        for folder in folders:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=current)
            inner = os.open(folder, _WALK, dir_fd=current)
            os.close(current)
            current = inner
        yield current, last
    finally:
        os.close(current)


def _copy(source: int, target: int, size: int) -> None:
    offset = 0
    while offset < size:
        sent = os.sendfile(target, source, offset, size - offset)
        if sent == 0:
            return
        offset += sent
