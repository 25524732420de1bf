"""Arguments and options that several commands share."""

from typing import Annotated

import typer

Reference = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        help="task-042, SandMLE/task-042, real/wine, <seed-card>#7, or a folder such as ./my-task.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of text.")]
Sandbox = Annotated[
    str, typer.Option("--sandbox", help="auto, warm, docker, or local (no isolation: unsafe).")
]
