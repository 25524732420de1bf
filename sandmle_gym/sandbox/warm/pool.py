"""This process's part in a pool: one set of zygotes for all processes of a user that want the same jail.

The first process that wants a pool starts its broker (see `broker/main.py`); a pool whose broker is dead is
replaced by the next request. What was open in it is void.
"""

import contextlib
import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.warm import plan, runtime
from sandmle_gym.sandbox.warm.advice import choose_root
from sandmle_gym.sandbox.warm.protocol import ask, failure, unreachable

BROKER = Path(__file__).parent / "broker"
LINGER = "SANDMLE_LINGER"
"""Environment variable: seconds that a pool stays when nobody uses it."""
_LINGER = "5"
_TRIES = 5


class Pool:
    """A process's membership in a pool. Thread-safe; survives a fork and the death of the broker."""

    foreign: bool
    """Whether its episodes run as other users of the machine than ourselves."""

    def __init__(self, public_root: Path | None, equipment: plan.Equipment) -> None:
        """Join the pool, started if need be, and wait until it is warm.

        Raises:
            IsolationUnavailableError: A wall cannot be put up on this machine; names which, and why.
        """
        self.foreign = as_root = choose_root()
        jail = plan.configuration(as_root=as_root, public_root=public_root, equipment=equipment)
        self._config = {"zygote": jail, "root": str(plan.JAIL / "root.py"), "linger": _linger()}
        name = _fingerprint(jail, public_root) + runtime.SUFFIX
        self._path = runtime.directory() / name
        self._lock = threading.RLock()
        self._closed = False
        self._member: socket.socket | None = None
        self._errors: IO[bytes] | None = None
        _check_visibility(jail["binds"])
        try:
            self._join()
        except BaseException:
            self.close()
            raise

    def connect(self) -> socket.socket:
        """Return a new connection to the broker, started anew if need be."""
        with self._lock:
            if self._closed:
                raise SandboxError("this backend is closed")
            if self._member is None or _hung_up(self._member):
                self._join()
        return self._call()

    def _join(self) -> None:
        """Wait until the pool is warm, and keep a connection, which keeps the pool."""
        for _ in range(_TRIES):
            self._leave()
            self._member = self._call()
            report, _ = ask(self._member, b"join")
            if report.get("ready"):
                return
            if report:
                self._leave()
                raise failure(report)
        self._leave()
        raise SandboxError(f"it dies again and again: {self.obituary()}")

    def _call(self) -> socket.socket:
        try:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return runtime.connect(self._path)
            with runtime.locked(self._path.parent):
                with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                    return runtime.connect(self._path)
                self._start()
                return runtime.connect(self._path)
        except OSError as error:
            raise unreachable(error) from error

    def _start(self) -> None:
        """Start the broker. It detaches itself, as it is to outlive us."""
        program = [sys.executable, "-E", "-s", "-S", str(BROKER / "main.py")]
        if self._errors is not None:
            self._errors.close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - the broker writes to it
        with runtime.listen(self._path) as listener, tempfile.TemporaryFile() as config:
            config.write(json.dumps(self._config).encode())
            config.seek(0)
            done = subprocess.run(
                [*program, str(listener.fileno()), str(self._path.parent), self._path.name],
                stdin=config,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[listener.fileno()],
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                check=False,
            )
        if done.returncode:
            raise SandboxError(self.obituary())

    def obituary(self) -> str:
        """Say that the broker died, and why if it could tell and it was us who started it."""
        with self._lock:
            errors = b"" if self._errors is None else os.pread(self._errors.fileno(), 4000, 0)
        text = errors.decode(errors="replace").strip()
        return "the pool's broker died, and every episode with it" + (f"\n{text}" if text else "")

    def _leave(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None

    def abandon(self) -> None:
        """Let go of the parent's connection in a forked child; the next use makes one of its own."""
        self._lock = threading.RLock()
        self._leave()

    def close(self) -> None:
        """Leave the pool. Calling it twice is fine."""
        with self._lock:
            self._closed = True
            self._leave()
            if self._errors is not None:
                self._errors.close()
                self._errors = None


def _fingerprint(jail: dict[str, Any], public_root: Path | None) -> str:
    """Name a jail: all processes with the same name may share a pool.

    Besides the configuration these decide: our code, the state of the installed packages, what the paths mean
    (mount namespace, identity of the public root), and where we may run (processors).
    """
    code = [path.read_text() for path in sorted((*plan.JAIL.glob("*.py"), *BROKER.glob("*.py")))]
    packages = [
        Path(sysconfig.get_path(kind)).stat().st_mtime_ns for kind in ("purelib", "platlib")
    ]
    root = None if public_root is None else public_root.stat()
    identity = root and (root.st_dev, root.st_ino)
    place = (str(Path("/proc/self/ns/mnt").readlink()), sorted(os.sched_getaffinity(0)))
    text = json.dumps([jail, code, packages, identity, place, sys.version])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_visibility(binds: Iterable[tuple[str, str]]) -> None:
    """Refuse a place for sockets that agents could see: they may run as the same user as we."""
    place = runtime.directory().resolve()
    for source, _ in binds:
        if place.is_relative_to(Path(source).resolve()):
            raise UserError(
                f"{place} lies in {source}, which agents can see; {runtime.VARIABLE} names another place"
            )


def _linger() -> float:
    text = os.environ.get(LINGER, _LINGER)
    try:
        return max(0.0, float(text))
    except ValueError:
        raise UserError(f"{LINGER} is {text!r}; it is a number of seconds") from None


def _hung_up(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, 0)  # hang-up and errors alone
    return bool(poll.poll(0))
