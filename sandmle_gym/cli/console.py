"""How the command line shows things: tables, the milestone ladder, escaped agent text."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from sandmle_gym.catalogue import Task
from sandmle_gym.episode import Outcome, Turn
from sandmle_gym.metrics import get_metric
from sandmle_gym.view import printable, summary

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

_MARKS = ("trivial", "median", "bronze", "silver", "gold", "ceiling")
_COLOURS = {"bronze": "orange3", "silver": "grey70", "gold": "gold1"}


def print_json(value: Any) -> None:
    """Write one JSON document to standard output, for machines."""
    console.out(json.dumps(value, indent=2, allow_nan=False, default=str), highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Write a table; the first column names things, so it is never cut."""
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=not number, min_width=len(column))
    for row in rows:
        table.add_row(*(printable(str(cell)) for cell in row))
    console.print(table)


def print_task(task: Task) -> None:
    """Write a task's statement as an agent gets it, with a heading."""
    console.rule(f"[bold]{task.reference}[/]  {task.bundle.brief.title}", align="left")
    console.print(Markdown(printable(task.bundle.public["description.md"].decode())))


def print_turn(number: int, turn: Turn) -> None:
    """Write one action, its output and its time."""
    name = turn.call.name if turn.call else "not understood"
    source = turn.call.argument if turn.call and turn.call.argument else turn.action
    language = "python" if name == "python" else "bash"
    console.print()
    console.print(
        Text(f"{number}. {name}  ", "bold cyan"), Text(f"{turn.seconds * 1000:.0f} ms", "dim")
    )
    shown = _shortened(printable(source.strip("\n")), 40)
    console.print(Syntax(shown, language, background_color="default", word_wrap=True))
    console.print(Panel(Text(printable(turn.observation)), border_style="dim", padding=(0, 1)))


def print_outcome(task: Task, outcome: Outcome) -> None:
    """Write the score among the milestones, the medal, and the reward by parts."""
    console.rule("[bold]Result[/]", align="left")
    console.print(Text(summary(outcome), "bold"))
    if outcome.grade.message:
        console.print(Text(printable(outcome.grade.message)))
    console.print(ladder(task, outcome.grade.score))
    parts = "  +  ".join(f"{name} {value:.3f}" for name, value in outcome.reward.parts.items())
    console.print(f"reward {outcome.reward.total:.3f}  =  {parts}" if parts else "", style="dim")


def ladder(task: Task, score: float | None) -> Table:
    """Draw the milestones of a task as a ladder, best on top, with a score among them."""
    metric, marks = get_metric(task.bundle.brief.metric), task.bundle.milestones
    rows: list[tuple[str, float]] = [(name, getattr(marks, name)) for name in _MARKS]
    if score is not None:
        rows.append(("this submission", score))
    rows.sort(key=lambda row: metric.signed(row[1]), reverse=True)
    low, high = metric.signed(marks.trivial), metric.signed(marks.ceiling)
    better = "higher" if metric.greater_is_better else "lower"
    table = Table("", metric.title, f"({better} is better)", box=None, header_style="dim")
    for name, value in rows:
        share = (metric.signed(value) - low) / (high - low) if high != low else 0.0
        bar = "█" * max(round(30 * min(max(share, 0.0), 1.0)), 0)
        style = "bold green" if name == "this submission" else _COLOURS.get(name, "")
        table.add_row(Text(name, style), Text(f"{value:.5g}", style), Text(bar, style or "blue"))
    return table


def print_certificate(certificate: Any) -> None:
    """Write the witnesses and gates of a `bundle.Certificate`, and the verdict."""
    columns: dict[str, Callable[[Any], str]] = {
        "witness": lambda rung: rung.tier,
        "score": lambda rung: f"{rung.score:.5g}",
        "gap in s.e.": lambda rung: "" if rung.gap_se is None else f"{rung.gap_se:.1f}",
        "seconds": lambda rung: "" if rung.seconds is None else f"{rung.seconds:.2f}",
    }
    cells = {name: [*map(show, certificate.rungs)] for name, show in columns.items()}
    known = {name: column for name, column in cells.items() if any(column)}  # a lock has fewer
    print_table([*known], zip(*known.values(), strict=True))
    if certificate.gates:
        rows = (("ok" if g.passed else "FAILED", g.name, g.detail) for g in certificate.gates)
        print_table(("gate", "name", "figures"), rows)
    verdict = "[bold green]certified[/]" if certificate.certified else "[bold red]not certified[/]"
    console.print(verdict)


def progress_bar(description: str) -> Progress:
    """Return a progress bar on standard error, so that standard output stays clean."""
    return Progress(
        TextColumn(description),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=errors,
    )


def _shortened(text: str, most: int) -> str:
    lines = text.split("\n")
    if len(lines) <= most:
        return text
    return "\n".join([*lines[: most - 5], f"# … {len(lines) - most} more lines …", *lines[-5:]])
