"""The command that serves: serve."""

from typing import Annotated

import typer

from sandmle_gym.cli.console import console
from sandmle_gym.cli.options import Sandbox
from sandmle_gym.episode import make_options
from sandmle_gym.errors import UserError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SANDMLE_TOKEN",
            help="What clients must show; needed beyond loopback. Better as SANDMLE_TOKEN: "
            "arguments can be seen by every user of the machine.",
        ),
    ] = None,
    max_sessions: Annotated[int, typer.Option(help="Sessions open at once.")] = 256,
    idle_seconds: Annotated[float, typer.Option(help="A session silent so long ends.")] = 900.0,
    sandbox: Sandbox = "auto",
    feedback: Annotated[str, typer.Option(help="What `score` answers: public, none, paper.")] = (
        "public"
    ),
    reward: Annotated[str, typer.Option(help="paper, release, sparse or score.")] = "paper",
    turns: Annotated[int, typer.Option(help="Actions per episode.")] = 30,
    step_seconds: Annotated[float, typer.Option(help="Longest command, in seconds.")] = 60.0,
) -> None:
    """Serve episodes to OpenEnv clients over HTTP and WebSocket (extra `openenv`)."""
    try:
        from sandmle_gym.integrations.openenv.server import ServerOptions
        from sandmle_gym.integrations.openenv.server import serve as run
    except ModuleNotFoundError as error:
        raise UserError(
            f"serving needs OpenEnv ({error.name} is missing): pip install 'sandmle-gym[openenv]'"
        ) from None

    episode = make_options(
        protocol="tools",
        sandbox=sandbox,
        feedback=feedback,
        reward=reward,
        limits={"turns": turns, "step_seconds": step_seconds},
    )
    options = ServerOptions(episode, host, port, token, max_sessions, idle_seconds)
    run(options, ready=lambda url: console.print(f"serving on {url}", markup=False))


COMMANDS = (serve,)
