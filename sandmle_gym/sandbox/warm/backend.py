"""The warm backend: one zygote, many episodes."""

import dataclasses
import itertools
import os
import weakref
from collections.abc import Iterable
from pathlib import Path

from sandmle_gym.errors import IsolationUnavailableError, SandboxError, UserError
from sandmle_gym.sandbox.base import Backend, Probe, Resources, Sandbox
from sandmle_gym.sandbox.warm import plan
from sandmle_gym.sandbox.warm.client import WarmSandbox
from sandmle_gym.sandbox.warm.zygote import Zygote

_FIRST_USER = 1 << 30
_USERS_PER_PROCESS = 256
_LAYERS = (
    "user, pid, network, ipc, uts, cgroup and mount namespaces",
    "read-only minimal root",
    "private tmpfs with a size and an inode limit",
    "own unprivileged user, no capabilities, no new privileges",
    "system-call filter",
    "resource limits",
)
_NOTES = (
    "CPU time is shared fairly by the kernel but not limited per episode",
    "memory of all processes together is looked at ten times a second, not capped at once",
    "the kernel is shared with the host",
    "on aarch64 the system-call filter follows the kernel's table but has not been tried",
)

_backends: "weakref.WeakSet[WarmBackend]" = weakref.WeakSet()


class WarmBackend(Backend):
    """Isolation by namespaces around forks of a warm zygote; works as root and as an ordinary user."""

    name = "warm"
    isolated = True
    _layers: tuple[str, ...] = _LAYERS
    _notes: tuple[str, ...] = _NOTES

    def __init__(
        self, public_root: Path | None = None, *, preload: Iterable[str] = plan.PRELOAD
    ) -> None:
        """Start the zygote and wait until it is warm (about twice the time of the imports).

        Args:
            public_root: Directory below which all public files of all episodes lie; made when missing.
            preload: Modules to import before the first episode.

        Raises:
            IsolationUnavailableError: This machine cannot isolate; the message says why.
        """
        if public_root is not None:
            public_root.mkdir(parents=True, exist_ok=True)
            public_root = public_root.resolve()
        self.public_root = public_root
        self._preload = tuple(preload)
        self._start()
        self._sandboxes: weakref.WeakSet[WarmSandbox] = weakref.WeakSet()
        self._numbers = itertools.count()
        _backends.add(self)

    def _start(self) -> None:
        self._root_id = _identity(self.public_root)
        self._zygote = self._make_zygote()

    def _make_zygote(self) -> Zygote:
        return Zygote(self.public_root, self._preload)

    @classmethod
    def probe(cls) -> Probe:
        """Open one episode in a zygote without imports, and report."""
        try:
            with cls(preload=()) as backend, backend.open() as sandbox:
                result = sandbox.run("bash", "true", seconds=10)
        except IsolationUnavailableError as error:
            return Probe(cls.name, available=False, isolated=True, reason=str(error))
        except SandboxError as error:
            return Probe(cls.name, available=False, isolated=True, reason=f"it breaks: {error}")
        reason = "" if result.ok else f"a first command ended as {result.status}"
        return Probe(
            cls.name,
            available=result.ok,
            isolated=True,
            reason=reason,
            layers=cls._layers,
            notes=cls._notes,
        )

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes, and its public root has not been replaced meanwhile."""
        return self._zygote.alive and self._root_id == _identity(self.public_root)

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Open an episode; see `Backend.open`. Public files must be readable by every user."""
        limits = resources or Resources()
        request = {
            "user": self._next_user(),
            "public": None if public is None else self._below_root(public),
            "resources": dataclasses.asdict(limits),
        }
        control, handle = self._zygote.open(request)
        sandbox = WarmSandbox(self._zygote, control, handle, limits)
        self._sandboxes.add(sandbox)
        return sandbox

    def _next_user(self) -> int:
        """Give concurrent episodes of all our processes different user ids: limits count per user."""
        slot = next(self._numbers) % _USERS_PER_PROCESS
        return _FIRST_USER + (os.getpid() % (1 << 22)) * _USERS_PER_PROCESS + slot

    def _below_root(self, public: Path) -> str:
        if self.public_root is None:
            raise UserError("this backend was made without public_root, so it can show no files")
        public = public.resolve()
        if not public.is_relative_to(self.public_root) or not public.is_dir():
            raise UserError(f"{public} is not a directory below {self.public_root}")
        if self._zygote.foreign:
            for path in (public, *public.iterdir()):
                needed = 0o005 if path.is_dir() else 0o004
                if path.stat().st_mode & needed != needed:
                    raise UserError(f"{path} is not readable by every user")
        return str(public.relative_to(self.public_root))

    def close(self) -> None:
        """End every episode and the zygote."""
        for sandbox in list(self._sandboxes):
            sandbox.close()
        self._zygote.close()

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        self._zygote.abandon()
        for sandbox in list(self._sandboxes):
            sandbox.abandon()


def _after_fork() -> None:
    """Close a forked child's copies of our sockets, else the zygote would outlive its owner."""
    for backend in list(_backends):
        backend.abandon()


def _identity(directory: Path | None) -> tuple[int, int] | None:
    if directory is None or not directory.exists():
        return None
    status = directory.stat()
    return status.st_dev, status.st_ino


os.register_at_fork(after_in_child=_after_fork)
