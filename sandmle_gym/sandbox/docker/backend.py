"""The docker backend: the warm one, with a container around its zygote."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.base import Resources, Sandbox
from sandmle_gym.sandbox.docker.engine import Container
from sandmle_gym.sandbox.docker.zygote import ContainerZygote
from sandmle_gym.sandbox.warm import WarmBackend, plan


class DockerBackend(WarmBackend):
    """One container for all episodes of this object; it ends with us, however we end.

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
        preload: Iterable[str] = plan.PRELOAD,
        container: Container | None = None,
    ) -> None:
        """Start the container and wait until its zygote is warm.

        Args:
            public_root: Directory below which all public files of all episodes lie; made when missing.
                The daemon must see it under the same name.
            preload: Modules to import before the first episode.
            container: Image and limits.

        Raises:
            IsolationUnavailableError: No daemon, no image, or no way to isolate; the message says why.
            SandboxError: The container does not start.
        """
        self._container = container or Container()
        self._healing = threading.Lock()
        self._owner = os.getpid()
        super().__init__(public_root, preload=preload)

    def _make_zygote(self) -> ContainerZygote:
        return ContainerZygote(self._container, self.public_root, self._preload)

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes: it replaces a dead container by itself."""
        return self._owner == os.getpid()

    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Open an episode, in a new container if the last one is dead; see `Backend.open`."""
        if not self.alive:
            raise SandboxError("this backend is closed, or belongs to the parent of this process")
        with self._healing:
            if not super().alive:
                self._zygote.close()
                self._start()
        return super().open(public, resources)

    def close(self) -> None:
        """End every episode and the container."""
        self._owner = 0
        super().close()
