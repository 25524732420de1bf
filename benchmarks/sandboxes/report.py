"""Shows the figures: tables, the ratios that the project's targets are about, a plot."""

from pathlib import Path

from sandboxes.measure import MAIN, STEPS, Figures
from sandboxes.throughput import PARALLEL


def show(figures: Figures) -> None:
    """Print tables, and the ratios that the project's targets are about."""
    print(f"load at the start {figures['load']:.1f} on {figures['processors']} processors\n")
    for part, print_part in _TABLES.items():
        if part in figures:
            print_part(figures[part])
            print()
    for way, why in figures["left out"].items():
        print(f"left out: {way}: {why}\n")
    for name, (value, target) in ratios(figures).items():
        print(f"{name:60}{value:8.2f}   {target}")


def _show_steps(table: Figures) -> None:
    print(f"{'milliseconds, median':34}" + "".join(f"{step:>20}" for step in STEPS))
    for way, row in table.items():
        print(f"{way:34}" + "".join(f"{row[step]:20.1f}" for step in STEPS))


def _show_openings(table: Figures) -> None:
    for way, value in table.items():
        print(f"{way:34}{value:20.1f}")


def _show_memory(row: Figures) -> None:
    print(f"{row['episodes']} idle episodes: {row['each']:.2f} MiB each beside {row['zygote']:.0f}")


def _show_throughput(table: Figures) -> None:
    head = f"{'per second':>12}{'ran p50':>10}{'p95':>8}{'queued p95':>12}"
    print(f"{'parallel episodes':22}{'':>4}{head}")
    for way, rows in table.items():
        for count, row in rows.items():
            ran = f"{row['per second']:12.1f}{row['ran p50']:10.1f}{row['ran p95']:8.1f}"
            print(f"{way:22}{count:>4}{ran}{row['queued p95']:12.1f}")


def _show_soak(row: Figures) -> None:
    print(f"{row['episodes']} episodes in {row['seconds']:.0f} s")
    for name, value in row["before"].items():
        print(f"{name:22}{value:12.0f}{row['after'][name]:12.0f}")


_TABLES = {
    "steps": _show_steps,
    "openings": _show_openings,
    "memory": _show_memory,
    "throughput": _show_throughput,
    "soak": _show_soak,
}


def ratios(figures: Figures) -> dict[str, tuple[float, str]]:
    """Return what the targets are about, with the targets."""
    found: dict[str, tuple[float, str]] = {}
    if table := figures.get("steps"):
        found |= _of_steps(table)
    if table := figures.get("openings"):
        found |= _of_openings(table)
    if row := figures.get("memory"):
        found["an idle episode, MiB"] = (row["each"], "target <= 2.5")
    if table := figures.get("throughput"):
        found |= _of_throughput(table)
    return found


def _of_steps(table: Figures) -> dict[str, tuple[float, str]]:
    row = {way: times[MAIN] for way, times in table.items()}
    fresh, script, paused = (
        row[way] for way in ("fresh process", "warm script", "warm script, after a pause")
    )
    walls = table["warm script"]["pass"] - table["plain fork, no walls"]["pass"]
    found = {
        "fresh process / warm script": (fresh / script, "target >= 35"),
        "fresh process / warm script after a pause": (fresh / paused, ""),
        "fresh process / warm python in Bash": (
            fresh / row["warm python in Bash"],
            "target >= 28",
        ),
        "warm cell / in process": (row["warm cell"] / row["in process"], "target <= 1.2"),
        "warm script after a pause, ms": (paused, "target < 20 on a quiet machine"),
        "warm script - plain fork, `pass`, ms": (walls, "target <= 3"),
    }
    for way in ("warm script, as an ordinary user", "docker, warm script"):
        if way in row:
            found[f"{way} / warm script"] = (row[way] / script, "target <= 1.5")
    return found


def _of_openings(table: Figures) -> dict[str, tuple[float, str]]:
    ours = table["open and close"]
    found = {"open and close / python -c pass": (ours / table["python -c pass"], "target <= 0.5")}
    for way in ("open and close, as an ordinary user", "open and close, docker"):
        if way in table:
            found[f"{way} / open and close"] = (table[way] / ours, "target <= 3")
    return found


def _of_throughput(table: Figures) -> dict[str, tuple[float, str]]:
    found = {}
    best = max(row["per second"] for row in table["fresh process"].values())
    (limit,) = table["in process"].values()
    for way, target in (("warm script", 40), ("warm cell", 90)):
        for count, row in table[way].items():
            name = f"{way}s / fresh processes, {count} at once"
            found[name] = (row["per second"] / best, f"target >= {target}")
    for count, row in table["warm cell"].items():
        name = f"warm cells / one loop per core, {count} at once"
        found[name] = (row["per second"] / limit["per second"], "target >= 0.75")
    return found


def plot(figures: Figures, place: Path) -> None:
    """Draw the steps, in colours that can be read on light and on dark ground."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    grey, blue = "#808080", "#3b82c4"
    style = {"text.color": grey, "axes.edgecolor": grey, "axes.labelcolor": grey}
    style |= {"xtick.color": grey, "ytick.color": grey, "svg.hashsalt": "sandbox"}
    with mpl.rc_context(style):
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
        rows = {way: times[MAIN] for way, times in figures["steps"].items()}
        bars = left.barh(list(rows), list(rows.values()), color=blue)
        left.bar_label(bars, fmt=" {:.0f} ms", color=grey)
        left.set(xscale="log", title=f"One step: {MAIN}", xlim=(5, 4 * max(rows.values())))
        left.invert_yaxis()
        for (way, line), mark in zip(figures["throughput"].items(), "os^D", strict=True):
            speeds = [row["per second"] for row in line.values()]
            right.plot([int(count) for count in line], speeds, mark + "-", label=way)
        right.set(xscale="log", yscale="log", xlabel="parallel episodes", title="Steps per second")
        right.set_xticks(PARALLEL, [str(count) for count in PARALLEL])
        right.minorticks_off()
        right.legend(frameon=False)
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(
            place, transparent=True, metadata={"Date": None} if place.suffix == ".svg" else None
        )
