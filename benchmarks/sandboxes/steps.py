"""One step of each kind, in every way to run it that this machine has."""

import tempfile
from pathlib import Path

from sandboxes import loops, peers
from sandboxes.measure import Bench, Figures, run, timed
from sandboxes.user import ordinary_user

from sandmle_gym.sandbox import Kind
from sandmle_gym.sandbox.docker import DockerBackend

THINKING = 0.05
"""Seconds between two steps of the row `after a pause`; an agent takes longer."""
_PYTHON_IN_BASH = "python - <<'EOF'\n{}\nEOF"
_PEERS = {
    "fresh process": peers.fresh_process,
    "bubblewrap, fresh process": peers.bubblewrap,
    "docker exec, fresh process": peers.docker_exec,
    "Jupyter kernel": peers.jupyter,
}
_WARM: tuple[tuple[str, Kind, str, float], ...] = (
    ("warm python in Bash", "bash", _PYTHON_IN_BASH, 0),
    ("warm script", "python", "{}", 0),
    ("warm script, after a pause", "python", "{}", THINKING),
    ("warm cell", "cell", "{}", 0),
)


def steps(bench: Bench) -> Figures:
    """Time every step in every way: {way: {step: milliseconds}}."""
    table: Figures = {}
    few = max(3, bench.repeats // 6)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for way, peer in _PEERS.items():
            with bench.row(way), peer(directory) as call:
                table[way] = timed(call, bench.repeats if way == "Jupyter kernel" else few)
        with bench.backend.open() as sandbox:
            for way, kind, frame, pause in _WARM:
                table[way] = timed(
                    lambda source, k=kind, f=frame: run(sandbox, k, f.format(source)),
                    bench.repeats,
                    pause,
                )
        with bench.row("warm script, as an ordinary user"):
            table["warm script, as an ordinary user"] = ordinary_user("steps", bench.repeats)
        with bench.row("docker, warm script"), DockerBackend() as docker, docker.open() as sandbox:
            table["docker, warm script"] = timed(
                lambda source: run(sandbox, "python", source), bench.repeats
            )
        table["plain fork, no walls"] = loops.plain_fork(directory, bench.repeats)
        table["in process"] = loops.in_process(directory, bench.repeats)
    return table
