"""Commands that look: list, show, certify, doctor."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sandmle_gym.catalogue import (
    NAMESPACE,
    REAL_NAMESPACE,
    cards,
    open_task,
    public_root,
    real_lock,
    split_of,
    suite_lock,
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
    as_json: AsJson = False,
) -> None:
    """List every registered task."""
    wanted = {"card": card, "metric": metric, "split": split}
    rows = [
        row
        for row in _all_tasks()
        if all(value is None or row[key] == value for key, value in wanted.items())
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        name, metric = f"{row['reference']:19}", f"{row['metric']:20}"
        console.print(f"{name} {metric} {row['title']}", no_wrap=True, overflow="ellipsis")
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


def doctor(
    attack: Annotated[
        str | None,
        typer.Option(
            help="Play the attack suite against this backend (warm, docker, or module:class), and say "
            "which attacks it does not contain."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what isolation this machine offers, and why not more; exit status 1 if none.

    Lists the pools of warm interpreters that are running now, too.
    """
    from sandmle_gym.sandbox import pools as running_pools
    from sandmle_gym.sandbox import probe_all

    if attack is not None:
        raise typer.Exit(_attack(attack, as_json))
    running = running_pools()  # before the probes, which start one
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
        _print_pools(running)
    raise typer.Exit(0 if any(probe.available and probe.isolated for probe in probes) else 1)


def pools(
    stop: Annotated[bool, typer.Option("--stop", help="End them; open episodes are void.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the pools of warm interpreters that your processes share, or end them.

    A pool ends by itself some seconds after its last process.
    """
    from sandmle_gym.sandbox import pools as running_pools
    from sandmle_gym.sandbox import stop_pools

    if stop:
        count = stop_pools()
        console.print(f"ended {count} pool{'' if count == 1 else 's'}")
        return
    running = running_pools()
    if as_json:
        print_json(running)
    else:
        _print_pools(running)


COMMANDS = (list_, show, certify, doctor, pools)


def _attack(backend: str, as_json: bool) -> int:
    """Play every attack; return 0 if all were contained or could not be played."""
    from sandmle_gym.sandbox import backend_path
    from sandmle_gym.sandbox.conformance import ATTACKS, Ring

    verdicts = []
    with Ring(backend_path(backend)) as ring:
        for each in ATTACKS:
            with errors.status(f"{len(verdicts)} of {len(ATTACKS)}: {each.name} …"):
                verdicts.append(ring.fight(each))
    failed = [each for each in verdicts if not (each.contained or each.skipped)]
    if as_json:
        print_json([vars(verdict) for verdict in verdicts])
        return len(failed) > 0
    rows = [
        (each.name, each.law, _outcome(verdict))
        for each, verdict in zip(ATTACKS, verdicts, strict=True)
    ]
    print_table(("attack", "law", "outcome"), rows)
    console.print(f"{len(verdicts)} attacks, {len(failed)} not contained")
    return len(failed) > 0


def _outcome(verdict: Any) -> str:
    if verdict.skipped:
        return f"not played: {verdict.skipped}"
    return "contained" if verdict.contained else f"NOT CONTAINED: {', '.join(verdict.signs)}"


def _all_tasks() -> list[dict[str, Any]]:
    rows = [
        {"id": f"{NAMESPACE}/{name}", "reference": name, "split": split_of(name), **_facts(entry)}
        for name, entry in suite_lock()["tasks"].items()
    ]
    rows += [
        {
            "id": f"{REAL_NAMESPACE}/{name}-v0",
            "reference": f"real/{name}",
            "split": "",
            **_facts(entry),
        }
        for name, entry in real_lock()["tasks"].items()
    ]
    return rows


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": entry["title"],
        "card": entry["card"],
        "metric": entry["metric"]["name"],
        "train_rows": entry["train_rows"],
    }


def _print_pools(running: list[dict[str, Any]]) -> None:
    if not running:
        console.print("no pool of warm interpreters is running")
        return
    columns = ("pool", "pid", "minutes", "processes", "zygotes", "episodes", "turns", "waiting")
    print_table(columns, map(_columns, running))


def _columns(pool: dict[str, Any]) -> tuple[object, ...]:
    if "problem" in pool:
        return pool["name"], pool["problem"]
    return (
        pool["name"],
        pool["pid"],
        f"{pool['uptime'] / 60:.1f}",
        len(pool["clients"]),
        len(pool["zygotes"]),
        sum(zygote["episodes"] for zygote in pool["zygotes"]),
        f"{pool['running']} on {pool['cores']} cores",
        pool["waiting"],
    )
