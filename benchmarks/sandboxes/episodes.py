"""What episodes cost that do little: their opening, their memory, what ten thousand of them leave behind."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandboxes.measure import Bench, Figures, median, open_and_close, run
from sandboxes.user import ordinary_user

from sandmle_gym.sandbox import Backend
from sandmle_gym.sandbox.docker import DockerBackend


def openings(bench: Bench) -> Figures:
    """Time an episode that only opens and closes, and the smallest process for comparison."""
    table: Figures = {"open and close": _opening(bench.backend, bench.repeats)}
    with bench.row("open and close, as an ordinary user"):
        table["open and close, as an ordinary user"] = ordinary_user("openings", bench.repeats)
    with bench.row("open and close, docker"), DockerBackend() as docker:
        table["open and close, docker"] = _opening(docker, bench.repeats)
    command = [sys.executable, "-c", "pass"]
    table["python -c pass"] = median(lambda: subprocess.run(command, check=True), bench.repeats)
    return table


def _opening(backend: Backend, repeats: int) -> float:
    return median(lambda: open_and_close(backend), repeats)


def memory(bench: Bench, episodes: int = 200) -> Figures:
    """Return the proportional memory of idle episodes in MiB: that of all jails, before and after."""
    before = proportional()
    opened = [bench.backend.open() for _ in range(episodes)]
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
    """Find the processes of all jails of this machine, by their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"/opt/jail/" in (process / "cmdline").read_bytes():
                found.append(process)
    return found


def soak(backend: Backend, episodes: int) -> Figures:
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


def _play(backend: Backend) -> None:
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
