"""What the warm sandbox costs beside its peers, as ratios within one run (two minutes; `--soak` more).

    python benchmarks/sandbox.py [--json FILE] [--plot FILE.svg] [--soak [EPISODES]] [--only PART ...]

Parts: one step of each kind in every way to run it; an episode's opening; memory of idle episodes; steps per
second of parallel episodes, with how long they ran and waited. What needs Docker or root is left out where
there is none, and named; `.ci/docker -- python benchmarks/sandbox.py` brings an engine. The figures of a
busy machine are worth little: the load at the start is printed with them.
"""

import argparse
import json
import os
from pathlib import Path

from sandboxes.episodes import memory, openings, soak
from sandboxes.measure import STEP, Bench, Figures, run
from sandboxes.report import plot, show
from sandboxes.steps import steps
from sandboxes.throughput import throughput

from sandmle_gym.sandbox.warm import WarmBackend


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
        bench = Bench(backend, arguments.repeats)
        for name in arguments.only:
            figures[name] = parts[name](bench)
        figures["left out"] = bench.left_out
        if arguments.soak:
            figures["soak"] = soak(backend, arguments.soak)
    show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.plot:
        plot(figures, arguments.plot)


if __name__ == "__main__":
    main()
