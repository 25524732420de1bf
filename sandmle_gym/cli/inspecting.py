"""Commands that look: list, show, certify, doctor."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from sandmle_gym.catalogue import (
    REAL_NAMESPACE,
    cards,
    open_task,
    public_root,
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
)
from sandmle_gym.cli.options import AsJson, Reference, Sandbox


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
    console.print("Endless streams, SandMLE/<seed-card>-v0:", ", ".join(cards()))


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


def certify(task: Reference, sandbox: Sandbox = "auto", as_json: AsJson = False) -> None:
    """Measure a task again: run its witnesses in the sandbox and check every gate.

    Exit status 1 if a gate fails, or if a milestone moved by more than a standard error.
    """
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


def doctor(as_json: AsJson = False) -> None:
    """Say what isolation this machine offers, and why not more; exit status 1 if none."""
    from sandmle_gym.sandbox import probe_all

    probes = probe_all()
    if as_json:
        print_json([vars(probe) for probe in probes])
    else:
        for probe in probes:
            state = "[green]available[/]" if probe.available else "[red]not available[/]"
            kind = "isolated" if probe.isolated else "[yellow]NOT isolated: unsafe[/]"
            console.print(f"[bold]{probe.backend}[/]  {state}, {kind}")
            for line in (probe.reason, *probe.layers, *probe.notes):
                if line:
                    console.print(f"    {line}", markup=False)
    raise typer.Exit(0 if any(probe.available and probe.isolated for probe in probes) else 1)


COMMANDS = (list_, show, certify, doctor)


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
