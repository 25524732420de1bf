"""Commands that look at tasks: list, show, certify, stats."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from sandmle_gym.cache import cache_root
from sandmle_gym.catalogue import (
    REAL_NAMESPACE,
    cards,
    open_task,
    real_lock,
    suite_lock,
    tasks,
)
from sandmle_gym.cli.console import (
    console,
    errors,
    ladder,
    print_certificate,
    print_json,
    print_table,
    print_task,
    progress_bar,
)
from sandmle_gym.cli.options import AsJson, Reference, Sandbox
from sandmle_gym.errors import UserError
from sandmle_gym.storage import public_root


def list_(
    card: Annotated[str | None, typer.Option(help="Only tasks of this seed card.")] = None,
    metric: Annotated[str | None, typer.Option(help="Only tasks with this metric.")] = None,
    split: Annotated[str | None, typer.Option(help="Only tasks of this split.")] = None,
    modality: Annotated[str | None, typer.Option(help="Only tasks of this modality.")] = None,
    level: Annotated[
        str | None, typer.Option(help="Only easy, moderate, hard or extreme tasks.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only tasks of this domain.")] = None,
    order: Annotated[str, typer.Option(help="suite, or difficulty: easiest first.")] = "suite",
    as_json: AsJson = False,
) -> None:
    """List every registered task; with a filter, the frozen ones that have what is asked for."""
    filters = {"card": card, "metric": metric, "split": split}
    filters |= {"modality": modality, "level": level, "domain": domain}
    frozen = [{"id": task.id, **asdict(task)} for task in tasks(order=order, **filters)]
    rows = frozen if any(filters.values()) else [*frozen, *_real_tasks()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        name, metric, grade = (f"{row[key]:{width}}" for key, width in _COLUMNS.items())
        console.print(f"{name} {metric} {grade} {row['title']}", no_wrap=True, overflow="ellipsis")
    metrics = {row["metric"] for row in rows}
    console.print(f"\n{len(rows)} tasks, {len(metrics)} metrics, suite {suite_lock()['version']}.")
    first = next(iter(cards()))
    console.print(
        f"Endless streams of {len(cards())} seed cards: SandMLE/<seed-card>-v0, "
        f"such as SandMLE/{first}-v0; envs/README.md tells of each."
    )


def show(task: Reference, as_json: AsJson = False) -> None:
    """Show a task: its statement, files, milestones and certificate."""
    opened = open_task(task)
    bundle = opened.bundle
    certificate = bundle.private.certificate
    if as_json:
        print_json(
            {
                "task": opened.reference,
                "suite_version": opened.suite_version,
                "digest": bundle.digest,
                "brief": bundle.brief.model_dump(mode="json"),
                "files": {name: len(data) for name, data in bundle.public.items()},
                "milestones": bundle.milestones.model_dump(),
                "certificate": certificate and certificate.model_dump(mode="json"),
            }
        )
        return
    print_task(opened)
    console.print()
    print_table(("file", "bytes"), ((name, len(data)) for name, data in bundle.public.items()))
    console.print(ladder(opened, None))
    if certificate is not None:
        print_certificate(certificate)


def certify(
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="A task; see `show`.")] = None,
    suite: Annotated[
        bool, typer.Option("--suite", help="The frozen suite, or --sample of it.")
    ] = False,
    sample: Annotated[
        int | None, typer.Option(help="So many tasks of it, evenly spread.", min=1)
    ] = None,
    workers: Annotated[int, typer.Option(help="Tasks certified at once.", min=1)] = 2,
    sandbox: Sandbox = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure a task again, or the suite: run its witnesses in the sandbox and check every gate.

    Exit status 1 if a gate fails, or if a milestone moved by more than a standard error. What is done
    of a suite is kept and not done again while tasks and libraries are the same.
    """
    if suite == (task is not None):
        raise UserError("name one task, or give --suite")
    if task is None:
        _certify_suite(sample, workers, sandbox, as_json)
    else:
        _certify_one(task, sandbox, as_json)


def _certify_suite(sample: int | None, workers: int, sandbox: str, as_json: bool) -> None:
    from sandmle_gym.certify.recertify import recertify
    from sandmle_gym.sandbox import get_backend

    names = _spread(sample)
    backend, journal = (
        get_backend(sandbox, public_root=public_root()),
        cache_root() / "recertified.jsonl",
    )
    verdicts = []
    with progress_bar("certifying") as bar:
        job = bar.add_task("", total=len(names))
        for verdict in recertify(
            names, lambda name: open_task(name).bundle, backend, journal=journal, workers=workers
        ):
            verdicts.append(verdict)
            bar.update(job, advance=1, description=verdict.name)
    bad = sorted((verdict for verdict in verdicts if verdict.problems), key=lambda v: v.name)
    if as_json:
        print_json({"certified": len(verdicts) - len(bad), "failed": [v.model_dump() for v in bad]})
    else:
        for verdict in bad:
            console.print(
                f"{verdict.name}: {'; '.join(verdict.problems)}", style="red", markup=False
            )
        console.print(f"{len(verdicts) - len(bad)} of {len(verdicts)} tasks certified again")
    raise typer.Exit(1 if bad else 0)


def _certify_one(task: str, sandbox: str, as_json: bool) -> None:
    from sandmle_gym import certify as generated
    from sandmle_gym import real
    from sandmle_gym.sandbox import get_backend

    opened = open_task(task)
    measure = generated.certify if opened.bundle.private.oracle is not None else real.measure
    with errors.status(f"certifying {opened.reference} …"):
        measured = measure(opened.bundle, get_backend(sandbox, public_root=public_root()))
    certificate = measured.private.certificate
    assert certificate is not None
    now, before = measured.milestones.model_dump(), opened.bundle.milestones.model_dump()
    moved = [n for n in now if abs(now[n] - before[n]) > certificate.standard_error]
    if as_json:
        print_json(
            {
                "task": opened.reference,
                "milestones": now,
                "milestones_before": before,
                "moved": moved,
                "certificate": certificate.model_dump(mode="json"),
            }
        )
    else:
        print_certificate(certificate)
        for name in moved:
            console.print(f"{name} moved: {before[name]:.6g} -> {now[name]:.6g}", style="red")
    raise typer.Exit(0 if certificate.certified and not moved else 1)


def stats(
    sample: Annotated[
        int | None, typer.Option(help="Only so many tasks, evenly spread.", min=2)
    ] = None,
    ladders: Annotated[
        int, typer.Option(help="Run the witnesses of so many tasks again.", min=0)
    ] = 0,
    sandbox: Sandbox = "auto",
    as_json: AsJson = False,
) -> None:
    """Report on the quality of the frozen suite: coverage, distances, difficulty, yields, stability."""
    from sandmle_gym import report, stability
    from sandmle_gym.sandbox import get_backend

    with errors.status("reading the suite …"):
        figures = report.of_lock(_spread(sample))
        if ladders:
            backend = get_backend(sandbox, public_root=public_root())
            figures["stability"] = stability.of_suite(_spread(ladders), backend)
    if as_json:
        print_json(figures)
        return
    console.print(f"{figures.pop('tasks')} tasks")
    for section, values in figures.items():
        print_table((section.replace("_", " "), ""), ((k, _words(v)) for k, v in values.items()))


COMMANDS = (list_, show, certify, stats)


def _spread(count: int | None) -> list[str]:
    """Name so many frozen tasks, evenly spread over the suite; all without a count."""
    names = list(suite_lock()["tasks"])
    step = max(len(names) // (count or len(names)), 1)
    return names[::step][: count or len(names)]


def _words(value: Any) -> str:
    """Write a figure of a report, or several of them, for people."""
    if isinstance(value, dict):
        each = {k: f"({_words(v)})" if isinstance(v, dict | list) else v for k, v in value.items()}
        return ", ".join(f"{name} {figure}" for name, figure in each.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    return str(value)


_COLUMNS = {"reference": 19, "metric": 20, "level": 8}
"""Columns of the list -> their width."""


def _real_tasks() -> list[dict[str, Any]]:
    return [
        {
            "id": f"{REAL_NAMESPACE}/{name}-v0",
            "reference": f"real/{name}",
            "split": "",
            "level": "",
            "title": entry["title"],
            "card": entry["card"],
            "metric": entry["metric"]["name"],
            "modality": entry["modality"],
            "train_rows": entry["train_rows"],
        }
        for name, entry in real_lock()["tasks"].items()
    ]
