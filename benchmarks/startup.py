"""How long until an episode begins: import, warm-up, reset, drawing and certifying a task.

Run `python benchmarks/startup.py` (`--json` for machines). Ratios compare figures of this one run.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice

IMPORTS = 7
DRAWS = 30


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cold(code: str) -> float:
    """Return the median wall time of a fresh interpreter that runs the code."""
    command = [sys.executable, "-c", code]
    return statistics.median(
        seconds(lambda: subprocess.run(command, check=True)) for _ in range(IMPORTS)
    )


def imports() -> dict[str, float]:
    """Compare importing this package with importing Gymnasium alone."""
    bare, gymnasium, ours = cold("pass"), cold("import gymnasium"), cold("import sandmle_gym")
    return {
        "import gymnasium, ms": 1000 * (gymnasium - bare),
        "import sandmle_gym, ms": 1000 * (ours - bare),
        "ratio (target ≤ 1.7)": (ours - bare) / (gymnasium - bare),
    }


def resets() -> dict[str, float]:
    """Time the warm-up and the resets of frozen tasks, drawn before and not."""
    import gymnasium

    import sandmle_gym
    from sandmle_gym.catalogue import suite_lock
    from sandmle_gym.sandbox import get_backend
    from sandmle_gym.storage import public_root

    gymnasium.register_envs(sandmle_gym)
    stack = "import numpy, pandas, scipy.stats, sklearn.ensemble, sklearn.linear_model, lightgbm"
    cold_import = cold(stack)
    warm_up = seconds(lambda: get_backend("auto", public_root=public_root()).open().close())
    env = gymnasium.make("SandMLE/Suite-v0")
    names = list(islice(suite_lock()["tasks"], DRAWS))
    env.reset(options={"task": names[-1]})  # the first draw imports the families
    env.step("true")

    def reset(name: str) -> float:
        return seconds(lambda: (env.reset(options={"task": name}), env.step("true")))

    fresh = [1000 * reset(name) for name in names[:-1]]
    cached = [1000 * reset(name) for name in names[:-1]]
    env.close()
    return {
        "one cold import of the stack, s": cold_import,
        "warm-up of the zygote, s": warm_up,
        "warm-up ratio (target ≤ 2)": warm_up / cold_import,
        "reset and first command, task not yet drawn, ms (target ≤ 250)": statistics.median(fresh),
        "reset and first command, task drawn before, ms (target ≤ 30)": statistics.median(cached),
    }


def drawing() -> dict[str, float]:
    """Time drawing a task of every seed card, and certifying one of every modality."""
    from sandmle_gym.catalogue import card, cards
    from sandmle_gym.certify import certify
    from sandmle_gym.families import derive, draw
    from sandmle_gym.sandbox import get_backend
    from sandmle_gym.storage import public_root

    backend = get_backend("auto", public_root=public_root())
    draws: dict[bool, list[float]] = {True: [], False: []}
    firsts, walls, hosts = {}, [], []
    for seed_card in map(card, cards()):
        bundle = draw(derive(seed_card, 0, 0))  # the first draw of a family imports it
        spec = derive(seed_card, 1, 0)
        of_files = any("/" in name for name in bundle.public)
        draws[of_files].append(1000 * seconds(partial(draw, spec)))
        firsts.setdefault(seed_card.modality, bundle)
    for bundle in firsts.values():
        before = time.process_time()
        walls.append(seconds(partial(certify, bundle, backend)))
        hosts.append(time.process_time() - before)
    return {
        "drawing a task of tables, texts, series, graphs, ms (target ≤ 60)": statistics.median(
            draws[False]
        ),
        "drawing a task of files, ms (target ≤ 800)": statistics.median(draws[True]),
        "certifying one attempt, wall s (target ≤ 8 CPU-s)": statistics.median(walls),
        "of that on the host, CPU-s": statistics.median(hosts),
    }


def open_task(name: str) -> None:
    """Draw a frozen task and compare it with the lock."""
    from sandmle_gym import catalogue

    catalogue.open_task(name)


def whole_suite() -> dict[str, float]:
    """Time drawing every frozen task, each of which must be the one that was frozen."""
    from sandmle_gym.catalogue import suite_lock

    names = list(suite_lock()["tasks"])
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        took = seconds(lambda: list(pool.map(open_task, names, chunksize=4)))
    return {
        f"drawing all {len(names)} frozen tasks with {workers} processes, s (target ≤ 480)": took
    }


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--suite", action="store_true", help="also draw the whole frozen suite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SANDMLE_CACHE"] = cache
        figures = {**imports(), **resets(), **drawing()}
        if arguments.suite:
            figures |= whole_suite()
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:68} {value:8.2f}")


if __name__ == "__main__":
    main()
