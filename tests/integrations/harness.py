"""What every adapter is held against: one scripted agent, ten tasks, and what it sees without an adapter.

A driver is a file of `drivers/`. It has `REQUIRES`, the modules it needs, and
`play(task, agent) -> Played`, which plays one episode through the real library: it asks `agent` for the
next call whenever the library would ask its model, and lets whatever the agent raises go through the
library as a trainer's crash would.
"""

import gc
import importlib
import importlib.util
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from sandmle_gym.catalogue import suite_lock
from sandmle_gym.episode import make_options
from sandmle_gym.session import Session

DRIVERS = Path(__file__).parent / "drivers"

TASKS = list(islice(suite_lock()["tasks"], 10))

PROGRAM = """\
import pandas as pd
sample = pd.read_csv("sample_submission.csv")
sample.to_csv("submission.csv", index=False)
print(len(sample), list(sample), "é日本🙂")
"""

Call = tuple[str, dict[str, str]]
"""A tool by name, and its arguments."""
Agent = Iterator[Call]

SCRIPT: tuple[Call, ...] = (
    ("bash", {"command": "ls; head -n 2 train.csv"}),
    ("bash", {"command": "false"}),
    ("python", {"code": PROGRAM}),
    ("validate", {}),
    ("score", {}),
    ("submit", {}),
)


class TrainerCrashError(Exception):
    """What the trainer dies of, in the middle of an episode."""


@dataclass(frozen=True)
class Played:
    """What came of an episode, as the trainer sees it."""

    observations: tuple[str, ...]
    """One per call; the last may be missing where no model is asked after the end."""
    reward: float

    def matches(self, other: "Played") -> bool:
        """Tell whether this is what the other says, as far as the trainer sees it."""
        shown = len(self.observations)
        return (
            len(SCRIPT) - 1 <= shown <= len(SCRIPT)
            and self.observations == other.observations[:shown]
            and math.isclose(self.reward, other.reward, abs_tol=1e-6)
        )


def agent() -> Agent:
    """Play the script."""
    return iter(SCRIPT)


def crashing_agent(after: int = 3) -> Agent:
    """Play some calls, then take the trainer down."""
    yield from SCRIPT[:after]
    raise TrainerCrashError


@cache
def expected(task: str) -> Played:
    """Play the script without any adapter."""
    with Session(make_options(protocol="tools")) as session:
        session.start(task)
        observations = tuple(session.call(name, arguments) for name, arguments in SCRIPT)
        return Played(observations, session.reward)


def as_text(call: Call) -> str:
    """Write a call as a model of the Hermes protocol writes it."""
    name, arguments = call
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def unwrapped(observation: str) -> str:
    """Take the <tool_response> tags off an observation."""
    return observation.removeprefix("<tool_response>\n").removesuffix("\n</tool_response>")


def driver_names() -> list[str]:
    """Name every driver: its file without the ending."""
    return sorted(path.stem for path in DRIVERS.glob("*.py"))


def driver(name: str):
    """Import a driver; skips the test where its library is not installed."""
    path = DRIVERS / f"{name}.py"
    requires = _requires(path)
    for module in requires:
        pytest.importorskip(module, exc_type=ImportError)
    return importlib.import_module(f"integrations.drivers.{name}")


def _requires(path: Path) -> list[str]:
    """Read `REQUIRES` without importing the driver, whose first lines import the library."""
    import ast

    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REQUIRES":
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no REQUIRES")


def processes() -> set[int]:
    """Return every living process that descends from this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, frontier = set(), {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found |= frontier
    return found


def left_behind(before: set[int], seconds: float = 10.0) -> set[int]:
    """Return the processes that are still there and were not there before, after some patience."""
    deadline = time.monotonic() + seconds
    gc.collect()
    while (extra := processes() - before) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)
    return extra
