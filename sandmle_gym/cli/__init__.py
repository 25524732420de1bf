"""The `sandmle` command: run, play, list, show, certify, doctor and their like."""

import sys

import typer

from sandmle_gym.cli import image, inspecting, machine, making, playing, serving
from sandmle_gym.cli.console import errors
from sandmle_gym.errors import SandMLEError
from sandmle_gym.view import printable

app = typer.Typer(
    help="Small, certified machine-learning-engineering tasks for training LLM agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    *playing.COMMANDS,
    *inspecting.COMMANDS,
    *machine.COMMANDS,
    *making.COMMANDS,
    *serving.COMMANDS,
):
    app.command(command.__name__.rstrip("_"))(command)
app.add_typer(image.app, name="image")


def main() -> None:
    """Run the command line; an error of ours is one line and exit status 1, never a traceback."""
    try:
        app()
    except SandMLEError as error:
        errors.print("error:", style="bold red", end=" ")
        errors.print(printable(str(error)), markup=False)
        sys.exit(1)
