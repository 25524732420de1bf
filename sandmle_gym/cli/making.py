"""Commands that make tasks: new, export, freeze."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sandmle_gym.catalogue import envs_root, open_task
from sandmle_gym.cli.console import console, errors, ladder, print_certificate, progress_bar
from sandmle_gym.cli.options import Reference, Sandbox
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.sandbox import get_backend
from sandmle_gym.spec import MetricSpec
from sandmle_gym.storage import public_root

Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]


def new(
    folder: Folder,
    from_csv: Annotated[Path, typer.Option(help="A UTF-8 CSV file with a header line.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    metric: Annotated[str, typer.Option(help="A metric, e.g. roc_auc, rmse, qwk.")],
    params: Annotated[str, typer.Option(help='Its parameters as JSON: {"quantile": 0.9}.')] = "{}",
    title: Annotated[str | None, typer.Option(help="A title for people.")] = None,
    id_column: Annotated[str | None, typer.Option(help="A column of row ids to leave out.")] = None,
    train_rows: Annotated[
        int | None, typer.Option(help="Rows to train on (default: ≤ 200).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    sandbox: Sandbox = "auto",
) -> None:
    """Make a task of any table: split, describe, measure its milestones, write it to a folder."""
    from sandmle_gym import real

    if folder.exists():
        raise UserError(f"{folder} exists already; name another folder or remove it")
    with errors.status("measuring milestones …"):
        bundle = real.from_csv(
            from_csv,
            target=target,
            metric=MetricSpec(name=metric, params=_params(params)),
            title=title,
            id_column=id_column,
            train_rows=train_rows,
            seed=seed,
        )
        bundle = real.measure(bundle, get_backend(sandbox, public_root=public_root()))
    bundle.save(folder)
    task = open_task(str(folder.resolve()))
    if bundle.private.certificate is not None:
        print_certificate(bundle.private.certificate)
    console.print(ladder(task, None))
    console.print(f"\nwritten to {folder}; play it with: sandmle run {_shell_path(folder)}")


def export(
    task: Reference,
    folder: Folder,
    layout: Annotated[str, typer.Option("--format", help="paper or harbor.")] = "paper",
) -> None:
    """Write a task in the layout of the SandMLE paper (answers apart), or as a Harbor task."""
    opened = open_task(task)
    if layout == "harbor":
        from sandmle_gym.integrations.harbor import write

        write(opened, folder)
        console.print(f"{opened.reference} written to {folder}")
        return
    if layout != "paper":
        raise UnknownNameError("format", layout, ("paper", "harbor"))
    opened.bundle.export_paper(folder)
    console.print(f"{opened.reference} written to {folder / 'prepared'}")


def freeze(
    envs: Annotated[Path | None, typer.Argument(help="Folder of suite.toml and seeds/.")] = None,
    workers: Annotated[int, typer.Option(help="Tasks certified at once.", min=1)] = 2,
    key: Annotated[
        bool,
        typer.Option(
            "--key", help="Make a private suite with the key in the file SANDMLE_SUITE_KEY_FILE."
        ),
    ] = False,
    sandbox: Sandbox = "auto",
) -> None:
    """Certify every id of the plan suite.toml, and the real tasks, and write the lock files."""
    from sandmle_gym.certify.secret import read_key

    secret = read_key() if key else b""
    from sandmle_gym.certify import Progress
    from sandmle_gym.certify import freeze as freeze_suite
    from sandmle_gym.real import freeze_real

    envs = envs_root() if envs is None else envs
    backend = get_backend(sandbox, public_root=public_root())
    with progress_bar("freezing") as bar:
        job = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                job, completed=progress.done, total=progress.total, description=progress.name
            )

        lock = freeze_suite(envs, backend, workers=workers, key=secret, progress=show)
    for card, counts in lock.yields.items():
        console.print(f"{card}: {counts.certified} of {counts.attempts} draws; {counts.failures}")
    with errors.status("measuring real tasks …"):
        freeze_real(envs, backend)
    console.print(f"locks written to {envs}")


def gallery(
    envs: Annotated[Path | None, typer.Argument(help="Folder of seeds/.")] = None,
) -> None:
    """Write the pages about the seed cards anew: a README per card, the index, gallery.html."""
    from sandmle_gym.gallery import files

    envs = envs_root() if envs is None else envs
    texts = files(envs)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    console.print(f"{len(texts)} pages written in {envs}")


COMMANDS = (new, export, freeze, gallery)


def _params(text: str) -> dict[str, float]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f'--params must be a JSON object such as {{"k": 5}}, not {text!r}')
    return value


def _shell_path(folder: Path) -> str:
    return str(folder) if "/" in str(folder) else f"./{folder}"
