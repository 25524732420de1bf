"""Commands about this machine: doctor, pools."""

from typing import Annotated, Any

import typer

from sandmle_gym.cli.console import console, errors, print_json, print_table
from sandmle_gym.cli.options import AsJson


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


COMMANDS = (doctor, pools)


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


def _print_pools(running: list[dict[str, Any]]) -> None:
    if not running:
        console.print("no pool of warm interpreters is running")
        return
    columns = ("pool", "pid", "minutes", "processes", "zygotes", "episodes", "running", "waiting")
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
        f"{pool['running']} of {pool['cores']}",
        pool["waiting"],
    )
