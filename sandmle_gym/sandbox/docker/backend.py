"""The docker backend: the warm one, with a container around its zygote."""

import dataclasses
import math
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.base import Resources, Sandbox
from sandmle_gym.sandbox.docker.engine import Container
from sandmle_gym.sandbox.docker.turns import QueuedChannel, Turns
from sandmle_gym.sandbox.docker.zygote import ContainerZygote
from sandmle_gym.sandbox.warm import WarmBackend
from sandmle_gym.sandbox.warm.backend import identity
from sandmle_gym.sandbox.warm.broker import cores
from sandmle_gym.sandbox.warm.channel import Channel


class DockerBackend(WarmBackend):
    """One container for all episodes of this object, and one run queue; it ends with us, however we end.

    A container that dies takes its episodes along (`SandboxError`); the next `open` starts another.
    """

    name = "docker"
    _layers = (
        "container: no network, no capabilities, read-only root, ordinary user, system-call filter",
        "limits on the memory and the processes of all episodes together",
        *WarmBackend._layers,
    )

    def __init__(
        self,
        public_root: Path | None = None,
        *,
        preload: str | Iterable[str] | None = None,
        gpus: str | None = None,
        gpu_memory: float | None = None,
        container: Container | None = None,
    ) -> None:
        """Start the container and wait until its zygote is warm.

        Args:
            public_root: Directory below which all public files of all episodes lie; made when missing.
                The daemon must see it under the same name.
            preload: Profiles and modules to import before the first episode; see `preload.names`.
            gpus: Cards that agent code may use; see `WarmBackend`. The daemon needs NVIDIA's toolkit.
            gpu_memory: Share of a card's memory for one process; a request, not a wall.
            container: Image and limits.

        Raises:
            IsolationUnavailableError: No daemon, no image, or no way to isolate; the message says why.
            SandboxError: The container does not start.
        """
        self._container = container or Container()
        cpus = math.inf if self._container.cpus is None else self._container.cpus
        self._turns = Turns(math.ceil(min(cores.count(), cpus)))
        self._healing = threading.Lock()
        self._owner = os.getpid()
        super().__init__(public_root, preload=preload, gpus=gpus, gpu_memory=gpu_memory)

    def _attach(self) -> None:
        container = dataclasses.replace(self._container, cards=self._equipment.gpus.cards)
        self._zygote = ContainerZygote(container, self.public_root, self._equipment)
        self._foreign = self._zygote.foreign

    def _make_channel(self) -> Channel:
        return QueuedChannel(self._zygote, self._turns)

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes: it replaces a dead container by itself."""
        return not self._closed and self._owner == os.getpid()

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Open an episode, in a new container if the last one is dead; see `Backend.open`."""
        if not self.alive:
            raise SandboxError("this backend is closed, or belongs to the parent of this process")
        with self._healing:
            if not (self._zygote.alive and super().alive):
                self._detach()
                self._root_id = identity(self.public_root)
                self._attach()
        return super().open(public, resources)

    def _detach(self) -> None:
        self._zygote.close()

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        self._turns.abandon()
        for sandbox in list(self._sandboxes):
            sandbox.abandon()
        self._zygote.abandon()
