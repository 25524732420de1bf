"""Makes the image of the docker backend; `sandmle image build` and `sandmle image import` call it.

`build` runs `envs/image/Dockerfile`, which needs a registry of images and one of packages; `import_machine`
copies what is needed from this machine and its Python, and needs neither.
"""

import tempfile
from pathlib import Path

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.docker import machine
from sandmle_gym.sandbox.docker.engine import IMAGE, connection, image_folder

_CHANGES = ("LABEL sandmle.image=1", "USER 1000:1000")


def build(name: str = IMAGE, *, base: str | None = None, network: str | None = None) -> None:
    """Build the Dockerfile.

    Args:
        name: Name and tag of the image.
        base: Image to build on in place of the Dockerfile's own: any with Python 3.11 or newer.
        network: Network mode of the build's commands, which fetch packages.

    Raises:
        IsolationUnavailableError: There is no daemon to build it.
        SandboxError: The build fails; the message has its last lines.
    """
    arguments = {} if base is None else {"BASE": base}
    lines: list[str] = []
    with connection() as api:
        for event in api.build(
            path=str(image_folder()),
            tag=name,
            rm=True,
            decode=True,
            buildargs=arguments,
            network_mode=network,
        ):
            lines += str(event.get("stream", "")).splitlines()
            if "error" in event:
                raise SandboxError("\n".join(["the build fails:", *lines[-20:], event["error"]]))


def import_machine(name: str = IMAGE) -> list[str]:
    """Make the image of this machine's own files.

    Returns:
        Lines that say where it differs from the pinned requirements.

    Raises:
        IsolationUnavailableError: There is no daemon to take it.
        UserError: This Python lacks a required package.
    """
    from docker.utils import parse_repository_tag

    with connection() as api, tempfile.TemporaryDirectory(prefix="sandmle-image-") as folder:
        archive = Path(folder, "root.tar")
        notes = machine.write_root(archive)
        repository, tag = parse_repository_tag(name)
        api.import_image_from_file(
            str(archive), repository=repository, tag=tag or "latest", changes=list(_CHANGES)
        )
    return notes
