"""Where the sockets of a user's pools lie: a directory that nobody else may enter, gone with the last.

Sockets are reached through a descriptor of the directory, so their paths may have any length.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sandmle_gym.errors import UserError
from sandmle_gym.sandbox.warm.forks import private

VARIABLE = "SANDMLE_RUNTIME"
"""Environment variable that names another place for the directory."""
SUFFIX = ".pool"
_PATIENCE = 30
"""Seconds that a busy broker may take to accept a connection."""
_BACKLOG = 512


def directory() -> Path:
    """Say where the sockets lie; the directory need not exist.

    Below `$SANDMLE_RUNTIME`, else `$XDG_RUNTIME_DIR` if that is ours, else the temporary directory.
    """
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute() / "sandmle"
    usual = os.environ.get("XDG_RUNTIME_DIR")
    if usual and Path(usual).is_dir() and Path(usual).stat().st_uid == os.geteuid():
        return Path(usual) / "sandmle"
    return Path(tempfile.gettempdir()).absolute() / f"sandmle-{os.geteuid()}"


@contextlib.contextmanager
def locked(place: Path) -> Iterator[None]:
    """Make such a directory, and hold the lock under which pools start and end.

    Raises:
        UserError: It cannot be made, or somebody else could enter it.
    """
    while True:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
            raise _no_place(error) from error
        try:
            _check(place, fd)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if _still_there(place, fd):
                yield
                return
        finally:
            fcntl.flock(
                fd, fcntl.LOCK_UN
            )  # closing alone would leave it to a child forked meanwhile
            os.close(fd)


def _no_place(error: OSError) -> UserError:
    return UserError(f"no place for the sandbox's sockets: {error}; {VARIABLE} names another")


def _check(place: Path, fd: int) -> None:
    status = os.fstat(fd)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise UserError(
            f"{place} is not ours alone (owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):o}): "
            f"remove it, or name another place with {VARIABLE}"
        )


def _still_there(place: Path, fd: int) -> bool:
    """Whether the last pool did not remove the directory while we waited for the lock."""
    try:
        return os.path.samestat(os.fstat(fd), place.stat())
    except FileNotFoundError:
        return False


def connect(path: Path) -> socket.socket:
    """Connect to a broker.

    Raises:
        FileNotFoundError, ConnectionRefusedError: There is none.
        UserError: Its directory is not ours alone.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (NotADirectoryError, PermissionError) as error:
        raise _no_place(error) from error
    try:
        _check(path.parent, folder)
        connection = private(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        try:
            # A timeout of Python's would make it fail at once where many connect at the same time.
            wait = struct.pack("ll", _PATIENCE, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
            connection.connect(f"/proc/self/fd/{folder}/{path.name}")
        except BaseException:
            connection.close()
            raise
        return connection
    finally:
        os.close(folder)


def listen(path: Path) -> socket.socket:
    """Make a socket for a broker, in place of one that a dead broker left. Only with the lock held."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    listener = private(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    try:
        _sweep(path.parent)
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener


def _sweep(place: Path) -> None:
    """Remove the sockets that dead brokers left."""
    for path in place.glob(f"*{SUFFIX}"):
        try:
            connect(path).close()
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue


def sockets() -> Iterator[Path]:
    """Yield the sockets of all brokers of this user, dead ones among them."""
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(directory().glob(f"*{SUFFIX}"))
