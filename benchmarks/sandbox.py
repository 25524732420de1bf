"""What the warm sandbox costs beside its peers, as ratios within one run (two minutes; `--soak` more).

    python benchmarks/sandbox.py [--json FILE] [--plot FILE.svg] [--soak [EPISODES]] [--only PART ...]

Parts: one step of each kind in every way to run it; an episode's opening; memory of idle episodes; steps per
second of parallel episodes, with how long they ran and waited. The figures of a busy machine are worth
little: the load at the start is printed with them.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandmle_gym.sandbox import Kind, Sandbox
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.warm import WarmBackend

STEP = """
import numpy as np
import pandas as pd
import lightgbm as lgb
from sklearn.model_selection import train_test_split
draw = np.random.RandomState(0)
frame = pd.DataFrame(draw.normal(size=(200, 10))).add_prefix("x")
target = (frame["x0"] + draw.normal(size=200) > 0).astype(int)
model = lgb.LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1).fit(frame, target)
answer = pd.DataFrame({"id": range(200), "y": model.predict_proba(frame)[:, 1]})
answer.to_csv("submission.csv", index=False)
"""
GROUP_BY = """
import numpy as np
import pandas as pd
draw = np.random.RandomState(0)
frame = pd.DataFrame({"key": draw.randint(9, size=1000), "x": draw.normal(size=1000)})
frame.groupby("key")["x"].agg(["mean", "std", "max"]).to_csv("groups.csv")
"""
STEPS = {"pass": "pass", "pandas group-by": GROUP_BY, "LightGBM, 200 rows": STEP}
MAIN = "LightGBM, 200 rows"
THINKING = 0.05
"""Seconds between two steps of the row `after a pause`; an agent takes longer."""
PARALLEL = (2, 4, 16, 64)
_PYTHON_IN_BASH = "python - <<'EOF'\n{}\nEOF"
_LOOP = """
import json, sys, time
steps, times = json.loads(sys.argv[1]), {}
for name, source in steps.items():
    code, values = compile(source, name, "exec"), []
    for _ in range(int(sys.argv[2]) + 1):
        start = time.perf_counter()
        exec(code, {})
        values.append(time.perf_counter() - start)
    times[name] = sorted(values[1:])[len(values) // 2 - 1] * 1000
print(json.dumps(times))
"""
Figures = dict[str, Any]


def main() -> None:
    """Measure what was asked for, and show it."""
    parts = {
        "steps": steps,
        "openings": openings,
        "memory": memory,
        "throughput": throughput,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), metavar="PART")
    parser.add_argument("--repeats", type=int, default=30, help="of one step (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw them (.svg, .png)")
    parser.add_argument(
        "--soak",
        type=int,
        nargs="?",
        const=10_000,
        default=0,
        metavar="EPISODES",
        help="one by one",
    )
    arguments = parser.parse_args()
    figures: Figures = {"load": os.getloadavg()[0], "processors": len(os.sched_getaffinity(0))}
    with WarmBackend() as backend, backend.open() as sandbox:
        run(sandbox, "python", STEP)
        for name in arguments.only:
            figures[name] = parts[name](backend, arguments.repeats)
        if arguments.soak:
            figures["soak"] = soak(backend, arguments.soak)
    show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.plot:
        plot(figures, arguments.plot)


def run(sandbox: Sandbox, kind: Kind, source: str) -> Figures:
    """Run a step that must succeed; return its seconds of running and of waiting for a processor."""
    result = sandbox.run(kind, source, seconds=300)
    if not result.ok:
        raise RuntimeError(f"the step failed: {result}")
    return {"ran": result.seconds, "queued": getattr(result, "queued", 0.0)}


def median(call: Callable[[], object], repeats: int, pause: float = 0) -> float:
    """Return the median time of a call in milliseconds, after two that do not count."""
    times = []
    for _ in range(repeats + 2):
        time.sleep(pause)
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[2:])


# --- one step ---


def steps(backend: WarmBackend, repeats: int) -> Figures:
    """Time every step in every way to run it that this machine has: {way: {step: milliseconds}}."""
    table: Figures = {}
    few = max(3, repeats // 6)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for way, call in peers(directory).items():
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                table[way] = {
                    step: median(lambda c=call, s=source: c(s), few)
                    for step, source in STEPS.items()
                }
        with jupyter(directory) as call:
            if call is not None:
                table["Jupyter kernel"] = timed(call, repeats)
        with backend.open() as sandbox:
            for way, kind, frame, pause in (
                ("warm python in Bash", "bash", _PYTHON_IN_BASH, 0),
                ("warm script", "python", "{}", 0),
                ("warm script, after a pause", "python", "{}", THINKING),
                ("warm cell", "cell", "{}", 0),
            ):
                table[way] = timed(
                    lambda source, k=kind, f=frame: run(sandbox, k, f.format(source)),
                    repeats,
                    pause,
                )
        table["in process"] = in_process(directory, repeats)
    return table


def timed(call: Callable[[str], object], repeats: int, pause: float = 0) -> dict[str, float]:
    """Return the median milliseconds of each step."""
    return {
        step: median(lambda s=source: call(s), repeats, pause) for step, source in STEPS.items()
    }


def peers(directory: Path) -> dict[str, Callable[[str], object]]:
    """Return the ways that start a fresh interpreter for every step, of those that this machine has."""
    environment = ENVIRONMENT | {"HOME": str(directory), "PATH": "/usr/bin:/bin"}

    def fresh(source: str, *wrapper: str) -> None:
        subprocess.run(
            [*wrapper, sys.executable, "-c", source],
            cwd=directory,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    ways: dict[str, Callable[[str], object]] = {"fresh process": fresh}
    if bubblewrap := shutil.which("bwrap"):
        wrapper = (bubblewrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc")
        wrapper += ("--dev", "/dev", "--bind", str(directory), str(directory), "--die-with-parent")
        ways["bubblewrap, fresh process"] = lambda source: fresh(source, *wrapper)
    return ways


@contextlib.contextmanager
def jupyter(directory: Path) -> Iterator[Callable[[str], object] | None]:
    """Start a kernel; yield how to run a step in it, or None where there is no ipykernel."""
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError:
        yield None
        return
    environment = os.environ | ENVIRONMENT | {"HOME": str(directory)}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(directory), env=environment)

    def execute(source: str) -> None:
        reply = client.execute_interactive(source, timeout=300, output_hook=lambda _: None)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"the step failed: {reply['content']}")

    try:
        yield execute
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def in_process(directory: Path, repeats: int) -> dict[str, float]:
    """Return the floor: the steps executed again and again in one process."""
    command = [sys.executable, "-W", "ignore", "-c", _LOOP, json.dumps(STEPS), str(repeats)]
    environment = ENVIRONMENT | {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


# --- episodes ---


def openings(backend: WarmBackend, repeats: int) -> Figures:
    """Time an episode that only opens and closes, and the smallest process for comparison."""

    def episode() -> None:
        with backend.open() as sandbox:
            sandbox.get("nothing", max_bytes=1)  # backends may open with the first request

    return {
        "open and close": median(episode, repeats),
        "python -c pass": median(
            lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), repeats
        ),
    }


def memory(backend: WarmBackend, _repeats: int, episodes: int = 200) -> Figures:
    """Return the proportional memory of idle episodes in MiB: all of our descendants, before and after."""
    before = proportional()
    opened = [backend.open() for _ in range(episodes)]
    for sandbox in opened:
        sandbox.get("nothing", max_bytes=1)
    time.sleep(1)
    after = proportional()
    for sandbox in opened:
        sandbox.close()
    return {"episodes": episodes, "each": (after - before) / episodes, "zygote": before}


def proportional() -> float:
    """Add up the proportional memory of the jails' processes, in MiB."""
    total = 0
    for process in jailed():
        with contextlib.suppress(OSError):
            for line in (process / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def jailed() -> list[Path]:
    """Find the processes of all jails that run for this user's program: they share no mounts with us."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"/opt/jail/" in (process / "cmdline").read_bytes():
                found.append(process)
    return found


# --- many at once ---


def throughput(backend: WarmBackend, repeats: int) -> Figures:
    """Return steps per second, and percentiles of their times, by way and number of parallel episodes."""
    seconds = max(2.0, repeats / 8)
    table: Figures = {"warm script": {}, "warm cell": {}, "fresh process": {}}
    for episodes in PARALLEL:
        for way, kind in (("warm script", "python"), ("warm cell", "cell")):
            opened = [backend.open() for _ in range(episodes)]
            calls = [lambda s=sandbox, k=kind: run(s, k, STEP) for sandbox in opened]
            table[way][str(episodes)] = together(calls, seconds)
            for sandbox in opened:
                sandbox.close()
        if episodes <= 2 * len(os.sched_getaffinity(0)):
            with tempfile.TemporaryDirectory() as directory:
                fresh = peers(Path(directory))["fresh process"]
                calls = [lambda f=fresh: f(STEP) for _ in range(episodes)]
                table["fresh process"][str(episodes)] = together(calls, 2 * seconds)
    return table


def together(calls: list[Callable[[], Figures | object]], seconds: float) -> Figures:
    """Repeat every call in a thread of its own for so long; the first one of each does not count."""
    rows: list[tuple[float, Figures]] = []
    gate = threading.Barrier(len(calls) + 1)
    end = 0.0

    def repeat(call: Callable[[], Figures | object]) -> None:
        call()
        gate.wait()
        while time.perf_counter() < end:
            started = time.perf_counter()
            answer = call()
            took = time.perf_counter() - started
            rows.append((took, answer if isinstance(answer, dict) else {"ran": took, "queued": 0}))

    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    end = time.perf_counter() + 3600
    gate.wait()
    started = time.perf_counter()
    end = started + seconds
    for thread in threads:
        thread.join()
    figures: Figures = {"per second": len(rows) / (time.perf_counter() - started)}
    for name in ("ran", "queued"):
        values = sorted(row[name] * 1000 for _, row in rows)
        figures[f"{name} p50"] = values[len(values) // 2]
        figures[f"{name} p95"] = values[int(len(values) * 0.95)]
    return figures


# --- for a long time ---


def soak(backend: WarmBackend, episodes: int) -> Figures:
    """Play so many short episodes one by one; return what the machine holds of us before and after."""
    for _ in range(20):
        _play(backend)
    time.sleep(2)
    before = holdings()
    started = time.perf_counter()
    for _ in range(episodes):
        _play(backend)
    took = time.perf_counter() - started
    time.sleep(2)
    return {"episodes": episodes, "seconds": took, "before": before, "after": holdings()}


def _play(backend: WarmBackend) -> None:
    with backend.open() as sandbox:
        sandbox.put({"data.csv": b"x,y\n1,2\n"})
        run(sandbox, "bash", "wc -l data.csv > out; (sleep 60 &) ; mkfifo p")
        run(sandbox, "python", "open('out').read()")
        sandbox.get("out", max_bytes=100)


def holdings() -> dict[str, float]:
    """Count what could leak: of this process and of the jails, and on the whole machine."""
    processes = [Path("/proc/self"), *jailed()]

    def total(count: Callable[[Path], float]) -> float:
        value = 0.0
        for process in processes:
            with contextlib.suppress(OSError):
                value += count(process)
        return value

    def resident(process: Path) -> float:
        return int((process / "statm").read_text().split()[1]) * 4 / 1024

    return {
        "processes": len(processes),
        "descriptors": total(lambda process: len(list((process / "fd").iterdir()))),
        "mounts": total(lambda process: len((process / "mounts").read_text().splitlines())),
        "cgroups": sum(1 for _ in Path("/sys/fs/cgroup").rglob("cgroup.procs")),
        "temporary files": len(list(Path(tempfile.gettempdir()).iterdir())),
        "resident MiB": total(resident),
    }


# --- the report ---


def show(figures: Figures) -> None:
    """Print tables, and the ratios that the project's targets are about."""
    print(f"load at the start {figures['load']:.1f} on {figures['processors']} processors\n")
    if table := figures.get("steps"):
        print(f"{'milliseconds, median':30}" + "".join(f"{step:>20}" for step in STEPS))
        for way, row in table.items():
            print(f"{way:30}" + "".join(f"{row[step]:20.1f}" for step in STEPS))
        print()
    if row := figures.get("memory"):
        print(
            f"{row['episodes']} idle episodes: {row['each']:.2f} MiB each beside {row['zygote']:.0f}\n"
        )
    if table := figures.get("throughput"):
        print(
            f"{'parallel episodes':22}{'':>4}{'per second':>12}{'ran p50':>10}{'p95':>8}{'queued p95':>12}"
        )
        for way, rows in table.items():
            for count, row in rows.items():
                print(
                    f"{way:22}{count:>4}{row['per second']:12.1f}{row['ran p50']:10.1f}"
                    f"{row['ran p95']:8.1f}{row['queued p95']:12.1f}"
                )
        print()
    if row := figures.get("soak"):
        print(f"{row['episodes']} episodes in {row['seconds']:.0f} s")
        for name, value in row["before"].items():
            print(f"{name:22}{value:12.0f}{row['after'][name]:12.0f}")
        print()
    for name, (value, target) in ratios(figures).items():
        print(f"{name:52}{value:8.2f}   {target}")


def ratios(figures: Figures) -> dict[str, tuple[float, str]]:
    """Return what the targets are about, with the targets."""
    found: dict[str, tuple[float, str]] = {}
    if table := figures.get("steps"):
        row = {way: times[MAIN] for way, times in table.items()}
        fresh, cell = row["fresh process"], row["warm cell"]
        found = {
            "fresh process / warm script": (fresh / row["warm script"], "target >= 35"),
            "fresh process / warm script after a pause": (
                fresh / row["warm script, after a pause"],
                "",
            ),
            "fresh process / warm python in Bash": (
                fresh / row["warm python in Bash"],
                "target >= 28",
            ),
            "warm cell / in process": (cell / row["in process"], "target <= 1.2"),
            "warm script after a pause, ms": (
                row["warm script, after a pause"],
                "target < 20 on a quiet machine",
            ),
        }
    if row := figures.get("openings"):
        value = row["open and close"] / row["python -c pass"]
        found["open and close / python -c pass"] = (value, "target <= 0.5")
    if row := figures.get("memory"):
        found["an idle episode, MiB"] = (row["each"], "target <= 2.5")
    if table := figures.get("throughput"):
        best = max(row["per second"] for row in table["fresh process"].values())
        for way, target in (("warm script", 40), ("warm cell", 90)):
            for count, row in table[way].items():
                name = f"{way}s / fresh processes, {count} at once"
                found[name] = (row["per second"] / best, f"target >= {target}")
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
        for (way, line), mark in zip(figures["throughput"].items(), "os^", strict=True):
            speeds = [row["per second"] for row in line.values()]
            right.plot([int(count) for count in line], speeds, mark + "-", label=way)
        right.set(xscale="log", yscale="log", xlabel="parallel episodes", title="Steps per second")
        right.set_xticks(PARALLEL, [str(count) for count in PARALLEL])
        right.legend(frameon=False)
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(
            place, transparent=True, metadata={"Date": None} if place.suffix == ".svg" else None
        )


if __name__ == "__main__":
    main()
