"""Commands that make the image of the docker backend: image build, image import."""

from typing import Annotated

import typer

from sandmle_gym.cli.console import console, errors
from sandmle_gym.sandbox import image
from sandmle_gym.sandbox.docker import IMAGE

Name = Annotated[
    str, typer.Option(help="name:tag of the image.", envvar="SANDMLE_IMAGE", show_envvar=True)
]

app = typer.Typer(help="Make the image that agents of the docker backend live in.")


@app.command()
def build(
    name: Name = IMAGE,
    base: Annotated[str | None, typer.Option(help="Image to build on, with Python.")] = None,
    network: Annotated[str | None, typer.Option(help="Network mode of the build.")] = None,
) -> None:
    """Build the Dockerfile of envs/image, with a registry of images and one of packages."""
    with errors.status(f"building {name} …"):
        image.build(name, base=base, network=network)
    console.print(f"made {name}")


@app.command("import")
def import_(name: Name = IMAGE) -> None:
    """Copy this machine's Python, libraries and shell programs; needs no registry."""
    with errors.status(f"collecting {name} …"):
        notes = image.import_machine(name)
    for note in notes:
        console.print(f"note: {note}")
    console.print(f"made {name}")
