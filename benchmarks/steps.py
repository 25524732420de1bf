"""What one step costs, as ratios within one run: `python benchmarks/steps.py [--json]` (about a minute).

The step is the one of the project's speed targets: import pandas, scikit-learn and LightGBM, fit LightGBM
on 200 rows, write a submission.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandmle_gym.sandbox import Kind, Sandbox
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.warm import WarmBackend, plan

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
IMPORTS = "".join(f"import {name}\n" for name in plan.PRELOAD)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print machine-readable figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        times = measure(Path(directory))
    ratios = {
        "fresh process / warm script": times["fresh process"] / times["warm script"],
        "fresh process / warm python in bash": times["fresh process"]
        / times["warm python in bash"],
        "cell / in-process": times["cell"] / times["in-process"],
        "warm-up / cold import": times["warm-up"] / times["cold import"],
    }
    if arguments.json:
        print(json.dumps({"milliseconds": times, "ratios": ratios}, indent=2))
        return
    for name, value in times.items():
        print(f"{name:40}{value:10.1f} ms")
    targets = {
        "fresh process / warm script": "target >= 25",
        "cell / in-process": "target <= 1.5",
        "warm-up / cold import": "target <= 2",
    }
    for name, value in ratios.items():
        print(f"{name:40}{value:10.2f}     {targets.get(name, '')}")


def measure(directory: Path) -> dict[str, float]:
    """Return medians in milliseconds by name."""
    times = {
        "fresh process": median(lambda: fresh(STEP, directory), 5),
        "cold import": median(lambda: fresh(IMPORTS, directory), 5),
        "in-process": in_process(directory),
    }
    started = time.perf_counter()
    with WarmBackend() as backend:
        times["warm-up"] = (time.perf_counter() - started) * 1000
        times["open and close"] = median(lambda: backend.open().close(), 30)
        with backend.open() as sandbox:
            kinds: dict[str, tuple[Kind, str]] = {
                "warm script": ("python", STEP),
                "warm python in bash": ("bash", f"python - <<'EOF'\n{STEP}\nEOF"),
                "cell": ("cell", STEP),
                "empty script": ("python", ""),
                "empty bash": ("bash", "true"),
                "empty cell": ("cell", ""),
            }
            for name, (kind, source) in kinds.items():
                times[name] = median(lambda k=kind, s=source: run(sandbox, k, s), 30)
    return times


def median(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call in milliseconds, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def fresh(source: str, directory: Path) -> None:
    """Run a source in a new interpreter with the sandbox's environment."""
    environment = ENVIRONMENT | {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", source], cwd=directory, env=environment, check=True)


def in_process(directory: Path) -> float:
    """Return the floor: the step executed again and again in one process."""
    program = (
        f"import time, statistics\nstep = compile({STEP!r}, 'step', 'exec')\ntimes = []\n"
        "for _ in range(31):\n    t = time.perf_counter(); exec(step, {})\n"
        "    times.append(time.perf_counter() - t)\nprint(statistics.median(times[1:]) * 1000)"
    )
    environment = ENVIRONMENT | {"HOME": str(directory), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        env=environment,
        check=True,
        capture_output=True,
    )
    return float(done.stdout)


def run(sandbox: Sandbox, kind: Kind, source: str) -> None:
    """Run a step that must succeed."""
    result = sandbox.run(kind, source, seconds=60)
    if not result.ok:
        raise RuntimeError(f"the step failed: {result}")


if __name__ == "__main__":
    main()
