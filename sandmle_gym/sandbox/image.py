"""Makes the image of the docker backend: `python -m sandmle_gym.sandbox.image build` (or `import`).

`build` runs `envs/image/Dockerfile`, which needs a registry of images and one of packages; `import` copies
what is needed from this machine and its Python, and needs neither. `verify` runs a command in the image.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from sandmle_gym.errors import SandboxError, SandMLEError
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
    repository, _, tag = name.partition(":")
    with connection() as api, tempfile.TemporaryDirectory(prefix="sandmle-image-") as folder:
        archive = Path(folder, "root.tar")
        notes = machine.write_root(archive)
        api.import_image_from_file(
            str(archive), repository=repository, tag=tag or "latest", changes=list(_CHANGES)
        )
    return notes


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandmle_gym.sandbox.image", description=__doc__
    )
    parser.add_argument("how", choices=["build", "import"])
    parser.add_argument("--name", default=IMAGE, help="name:tag of the image")
    parser.add_argument("--base", help="image to build on (build only)")
    parser.add_argument("--network", help="network mode of the build's commands (build only)")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.how == "build":
            notes = build(chosen.name, base=chosen.base, network=chosen.network) or []
        else:
            notes = import_machine(chosen.name)
    except SandMLEError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write("".join(f"note: {note}\n" for note in notes) + f"made {chosen.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
