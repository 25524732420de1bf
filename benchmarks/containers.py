"""What the container around an episode costs: `python benchmarks/containers.py [--json]` (a minute).

Takes turns between the backends `warm` and `docker`, so that both meet the same noise, and runs the same
step by `docker exec` in a plain container as the usual way to do it. Says why where there is no engine.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

from sandbox import STEP, run

from sandmle_gym.sandbox import Backend, Kind, Sandbox
from sandmle_gym.sandbox.docker import Container, DockerBackend
from sandmle_gym.sandbox.docker.engine import PYTHON, connection
from sandmle_gym.sandbox.warm import WarmBackend

TARGETS = {"open and close": "target <= 3", "script, LightGBM": "target <= 1.5"}
STEPS: dict[str, tuple[Kind, str]] = {
    "script, empty": ("python", ""),
    "script, LightGBM": ("python", STEP),
    "python in bash, LightGBM": ("bash", f"python - <<'EOF'\n{STEP}\nEOF"),
    "bash, true": ("bash", "true"),
    "cell, empty": ("cell", ""),
    "cell, LightGBM": ("cell", STEP),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print machine-readable figures")
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    probe = DockerBackend.probe()
    if not probe.available:
        print(f"not measured: {probe.reason}")
        return
    times = measure(arguments.repeats)
    times["script, LightGBM"]["docker exec"] = docker_exec(max(3, arguments.repeats // 6))
    if arguments.json:
        print(json.dumps(times, indent=2))
        return
    print(f"{'milliseconds, median':28}{'warm':>9}{'docker':>9}{'ratio':>8}")
    for name, row in times.items():
        ratio = row["docker"] / row["warm"]
        print(
            f"{name:28}{row['warm']:9.1f}{row['docker']:9.1f}{ratio:8.2f}  {TARGETS.get(name, '')}"
        )
    print(f"{'docker exec, LightGBM':28}{times['script, LightGBM']['docker exec']:18.1f}")


def measure(repeats: int) -> dict[str, dict[str, float]]:
    """Return medians in milliseconds by step and backend."""
    started = time.perf_counter()
    with WarmBackend() as warm:
        start = {"warm": (time.perf_counter() - started) * 1000}
        started = time.perf_counter()
        with DockerBackend() as docker:
            start["docker"] = (time.perf_counter() - started) * 1000
            backends: dict[str, Backend] = {"warm": warm, "docker": docker}
            openings = {name: _opening(backend) for name, backend in backends.items()}
            times = {"start": start, "open and close": in_turns(openings, repeats)}
            for step, (kind, source) in STEPS.items():
                times[step] = _steps(backends, kind, source, repeats)
    return times


def _opening(backend: Backend) -> Callable[[], None]:
    return lambda: backend.open().close()


def _steps(backends: dict[str, Backend], kind: Kind, source: str, repeats: int) -> dict[str, float]:
    def step(sandbox: Sandbox) -> Callable[[], None]:
        return lambda: run(sandbox, kind, source)

    with backends["warm"].open() as first, backends["docker"].open() as second:
        return in_turns({"warm": step(first), "docker": step(second)}, repeats)


def in_turns(calls: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """Return the median time of each call in milliseconds, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def docker_exec(repeats: int) -> float:
    """Return the median time of the step as a fresh interpreter in a container that runs already."""
    image = Container().image
    with connection() as api:
        host = api.create_host_config(network_mode="none", tmpfs={"/work": "mode=777"})
        made = api.create_container(
            image, [PYTHON, "-c", "input()"], stdin_open=True, host_config=host, working_dir="/work"
        )
        try:
            api.start(made)

            def step() -> None:
                command = [PYTHON, "-c", f"import os; os.chdir('/tmp')\n{STEP}"]
                call = api.exec_create(
                    made, command, user="0", environment={"OMP_NUM_THREADS": "1"}
                )
                output = api.exec_start(call)
                if api.exec_inspect(call)["ExitCode"] != 0:
                    raise RuntimeError(f"the step failed: {output.decode()}")

            return in_turns({"docker exec": step}, repeats)["docker exec"]
        finally:
            api.remove_container(made, force=True)


if __name__ == "__main__":
    main()
