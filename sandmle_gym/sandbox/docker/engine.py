"""Talks to the Docker daemon: what it is, whether it has our image, containers that start and go."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError

IMAGE = "sandmle-agent:1"
"""Name of the image. The number changes when the backend needs another kind of image."""
LABEL = "sandmle.backend"
PYTHON = "/opt/venv/bin/python"
ENTRY = "/opt/entry.py"
HOW_TO_BUILD = (
    "build it with `sandmle image build`, or without a registry with `sandmle image import`"
)
_OLDEST_API = (1, 40)
"""Docker 19.03: the first that takes empty lists of masked paths together with a seccomp profile."""
_PATIENCE = 60
_STALE = 600.0
"""Seconds after which a container that was created but never started has no owner any more."""


@dataclass(frozen=True)
class Container:
    """What the container of one process may use, all its episodes together."""

    image: str = field(default_factory=lambda: os.environ.get("SANDMLE_IMAGE", IMAGE))
    memory_mb: int = field(default_factory=lambda: _physical_memory_mb() * 3 // 4)
    """Memory without swap, in MiB. Beyond it the kernel kills processes of episodes first."""
    processes: int = 8192
    """Processes and threads alive at once."""
    cpus: float | None = None
    """Processor time per second of wall time; None: all there is."""
    cards: tuple[int, ...] = ()
    """Graphics processors, by number; the daemon needs NVIDIA's container toolkit for them."""


@contextlib.contextmanager
def connection() -> Iterator[Any]:
    """Yield a client of the daemon that DOCKER_HOST names, or of the usual one.

    Raises:
        IsolationUnavailableError: There is no SDK or no daemon, or it is too old; says what to do.
    """
    try:
        from docker import from_env
        from docker.errors import DockerException
        from requests import RequestException
    except ImportError as error:
        raise IsolationUnavailableError(
            f"the docker SDK for Python cannot be imported ({error}): pip install 'docker>=7.1'"
        ) from error
    try:
        _require_listener()
        client = from_env(timeout=_PATIENCE)
    except (DockerException, RequestException, OSError) as error:
        raise IsolationUnavailableError(_no_daemon(error)) from error
    try:
        _require_version(client.api.api_version)
        yield client.api
    except (DockerException, RequestException) as error:
        raise SandboxError(f"the Docker daemon fails: {error}") from error
    finally:
        client.close()


def _require_version(version: str) -> None:
    if tuple(map(int, version.split("."))) < _OLDEST_API:
        oldest = ".".join(map(str, _OLDEST_API))
        raise IsolationUnavailableError(
            f"the Docker daemon speaks API {version}; {oldest} (Docker 19.03) is the oldest that will do"
        )


def _address() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _require_listener() -> None:
    """Try a local socket ourselves: the SDK would leak its own, and say less about why."""
    kind, _, path = _address().partition("://")
    if kind == "unix":
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(path)


def _no_daemon(error: Exception) -> str:
    text = f"no Docker daemon answers at {_address()}"
    if isinstance(error, PermissionError):
        return f"{text}: permission denied; join the group docker, or run as root"
    return f"{text} ({error}); start one, or set DOCKER_HOST"


def require_image(api: Any, name: str) -> None:
    """See that the daemon has an image; it is never pulled behind the caller's back.

    Raises:
        IsolationUnavailableError: It has not; says how to get it.
    """
    if not api.images(name=name):
        raise IsolationUnavailableError(f"the Docker daemon has no image {name}: {HOW_TO_BUILD}")


def start(limits: Container, user: str, mounts: dict[str, Path], writable: str) -> str:
    """Start a container that runs `entry.py` and removes itself at its end.

    Args:
        limits: Image and limits.
        user: User and group id inside, with a colon between; they are the host's ids as well.
        mounts: Place inside -> file or directory of the host, read-only.
        writable: The one place inside that is not read-only.

    Returns:
        Its id.

    Raises:
        IsolationUnavailableError: There is no daemon or no image.
        SandboxError: The daemon could not start it.
    """
    with connection() as api:
        from docker.errors import APIError

        require_image(api, limits.image)
        _sweep(api)
        host = _host_config(api, limits, mounts, writable)
        made = api.create_container(
            limits.image,
            [PYTHON, "-I", ENTRY],
            user=user,
            host_config=host,
            hostname="sandbox",
            labels={LABEL: str(os.getpid())},
            environment={},
            working_dir="/",
            entrypoint=[],
            network_disabled=True,
        )
        try:
            api.start(made["Id"])
        except BaseException:
            with contextlib.suppress(APIError):  # it may have removed itself
                api.remove_container(made["Id"], force=True)
            raise
    return made["Id"]


def _host_config(api: Any, limits: Container, mounts: dict[str, Path], writable: str) -> Any:
    from docker.types import DeviceRequest, Mount

    profile = (image_folder() / "seccomp.json").read_text()
    config = api.create_host_config(
        network_mode="none",
        ipc_mode="none",
        read_only=True,
        auto_remove=True,
        cap_drop=["ALL"],
        # AppArmor's profile for containers forbids every mount, those in a user namespace too.
        security_opt=["no-new-privileges", f"seccomp={profile}", "apparmor=unconfined"],
        pids_limit=limits.processes,
        mem_limit=limits.memory_mb << 20,
        memswap_limit=limits.memory_mb << 20,
        nano_cpus=None if limits.cpus is None else int(limits.cpus * 1e9),
        log_config={"Type": "none"},
        device_requests=[
            DeviceRequest(device_ids=ids, capabilities=[["gpu", "compute", "utility"]])
            for ids in [[str(card) for card in limits.cards]]
            if ids
        ],
        mounts=[
            Mount(place, str(path), type="bind", read_only=place != writable)
            for place, path in mounts.items()
        ],
    )
    # The kernel lets a user namespace mount a /proc of its own only where nothing of the old one is
    # hidden. An ordinary user without capabilities can do nothing with what Docker hides there.
    config["MaskedPaths"] = []
    config["ReadonlyPaths"] = []
    return config


def image_folder() -> Path:
    """Return the folder of Dockerfile, requirements, tools and profile."""
    package = Path(__file__).parents[2]
    installed = package / "_envs"
    return (installed if installed.is_dir() else package.parent / "envs") / "image"


def process_of(container: str) -> int | None:
    """Return the host's process id of a container's first process; None when it is over."""
    from docker.errors import NotFound

    with connection() as api:
        try:
            state = api.inspect_container(container)["State"]
        except NotFound:
            return None
    return state["Pid"] if state["Running"] else None


def remove(container: str) -> None:
    """End a container and wait until nothing is left of it; one that is gone already is fine."""
    from docker.errors import APIError, NotFound

    with connection() as api:
        try:
            api.remove_container(container, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != _CONFLICT:  # it is removing itself at this moment
                raise
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                api.inspect_container(container)
            except NotFound:
                return
            time.sleep(0.02)


_CONFLICT = 409


def _sweep(api: Any) -> None:
    """Remove containers whose makers died between their creation and their start."""
    from docker.errors import APIError

    filters = {"label": LABEL, "status": "created"}
    for left in api.containers(all=True, filters=filters):
        if time.time() - left["Created"] > _STALE:
            with contextlib.suppress(APIError):
                api.remove_container(left["Id"], force=True)


def _physical_memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
