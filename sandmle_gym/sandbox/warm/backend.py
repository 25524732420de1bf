"""The warm backend: one pool of zygotes for all processes of a user, many episodes."""

import dataclasses
import os
import weakref
from collections.abc import Iterable
from pathlib import Path

from sandmle_gym.errors import IsolationUnavailableError, SandboxError, UserError
from sandmle_gym.sandbox.base import Backend, Probe, Resources, Sandbox
from sandmle_gym.sandbox.gpu import find
from sandmle_gym.sandbox.warm import walls
from sandmle_gym.sandbox.warm.channel import Channel
from sandmle_gym.sandbox.warm.client import WarmSandbox
from sandmle_gym.sandbox.warm.plan import Equipment
from sandmle_gym.sandbox.warm.pool import Pool
from sandmle_gym.sandbox.warm.preload import names
from sandmle_gym.sandbox.warm.seat import PooledChannel

_LAYERS = (
    "user, pid, network, ipc, uts, cgroup and mount namespaces",
    "read-only minimal root",
    "private tmpfs with a size and an inode limit",
    "own unprivileged user, no capabilities, no new privileges",
    "system-call filter",
    "resource limits",
)
_NOTES = (
    "memory and CPU time of an episode's processes together are looked at ten times a second; between two "
    "looks, each process is held by its own limit",
    "the kernel is shared with the host",
    "on aarch64 the system-call filter follows the kernel's table but has not been tried",
)

_backends: "weakref.WeakSet[WarmBackend]" = weakref.WeakSet()


class WarmBackend(Backend):
    """Isolation by namespaces around forks of a warm zygote; works as root and as an ordinary user.

    It can be used in threads, and after a fork, where open episodes stay with the parent.
    """

    name = "warm"
    isolated = True
    _layers: tuple[str, ...] = _LAYERS
    _notes: tuple[str, ...] = _NOTES

    def __init__(
        self,
        public_root: Path | None = None,
        *,
        preload: str | Iterable[str] | None = None,
        gpus: str | None = None,
        gpu_memory: float | None = None,
    ) -> None:
        """Join the pool and wait until it is warm; who comes first waits for its imports.

        Args:
            public_root: Directory below which all public files of all episodes lie; made when missing.
            preload: Profiles and modules to import before the first episode; see `preload.names`.
            gpus: Cards that agent code may use, "all" or numbers ("0,2"); see `gpu.find`.
            gpu_memory: Share of a card's memory for one process; a request, not a wall.

        Raises:
            UserError: There are no such cards.
            IsolationUnavailableError: This machine cannot isolate; the message says why.
        """
        if public_root is not None:
            public_root.mkdir(parents=True, exist_ok=True)
            public_root = public_root.resolve()
        self.public_root = public_root
        self._equipment = Equipment(names(preload), find(gpus, gpu_memory))
        self._root_id = identity(public_root)
        self._closed = False
        self._sandboxes: weakref.WeakSet[WarmSandbox] = weakref.WeakSet()
        self._attach()
        _backends.add(self)

    def _attach(self) -> None:
        """Get hold of what forks the episodes, and wait until it is warm."""
        self._pool = Pool(self.public_root, self._equipment)
        self._foreign = self._pool.foreign

    @classmethod
    def probe(cls) -> Probe:
        """Open one episode in a zygote without imports, and report."""
        try:
            with cls(preload=()) as backend, backend.open() as sandbox:
                result, facts = walls.ask(sandbox)
        except IsolationUnavailableError as error:
            return Probe(cls.name, available=False, isolated=True, reason=str(error))
        except SandboxError as error:
            return Probe(cls.name, available=False, isolated=True, reason=f"it breaks: {error}")
        if reason := walls.missing(result, facts):
            return Probe(cls.name, available=False, isolated=True, reason=reason)
        return Probe(
            cls.name,
            available=True,
            isolated=True,
            layers=(*cls._layers, *walls.layers(facts)),
            notes=(*cls._notes, *walls.notes(facts)),
        )

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes: it is open, and its public root has not been replaced."""
        return not self._closed and self._root_id == identity(self.public_root)

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Promise an episode; see `Backend.open`. Public files must be readable by every user.

        It costs next to nothing until the first `run`, `put` or `get`, which raises `SandboxError` if the
        episode cannot be opened. A pool that has died is replaced then; its episodes are void.
        """
        if self._closed:
            raise SandboxError("this backend is closed")
        request = {
            "public": None if public is None else self._below_root(public),
            "resources": dataclasses.asdict(resources or Resources()),
        }
        sandbox = WarmSandbox(self._make_channel(), request)
        self._sandboxes.add(sandbox)
        return sandbox

    def _make_channel(self) -> Channel:
        return PooledChannel(self._pool)

    def _below_root(self, public: Path) -> str:
        if self.public_root is None:
            raise UserError("this backend was made without public_root, so it can show no files")
        public = public.resolve()
        if not public.is_relative_to(self.public_root) or not public.is_dir():
            raise UserError(f"{public} is not a directory below {self.public_root}")
        if self._foreign:
            for path in (public, *public.iterdir()):
                needed = 0o005 if path.is_dir() else 0o004
                if path.stat().st_mode & needed != needed:
                    raise UserError(f"{path} is not readable by every user")
        return str(public.relative_to(self.public_root))

    def close(self) -> None:
        """End every episode of this object, and leave the pool."""
        self._closed = True
        for sandbox in list(self._sandboxes):
            sandbox.close()
        self._detach()

    def _detach(self) -> None:
        """Let go of what forks the episodes."""
        self._pool.close()

    def abandon(self) -> None:
        """Forget in a forked child what belongs to its parent: open episodes, connections."""
        for sandbox in list(self._sandboxes):
            sandbox.abandon()
        self._pool.abandon()


def _after_fork() -> None:
    """Close a forked child's copies of our sockets, else episodes would outlive their owner."""
    for backend in list(_backends):
        backend.abandon()


def identity(directory: Path | None) -> tuple[int, int] | None:
    """Tell a directory from one that took its place under the same name; None where there is none."""
    if directory is None or not directory.exists():
        return None
    status = directory.stat()
    return status.st_dev, status.st_ino


os.register_at_fork(after_in_child=_after_fork)
