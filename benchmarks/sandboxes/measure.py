"""What all parts of the benchmark share: the steps, the clock, and what this machine lacks."""

import contextlib
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError
from sandmle_gym.sandbox import Backend, Kind, Sandbox
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
Figures = dict[str, Any]


class MissingError(Exception):
    """This machine lacks what a row needs; says what."""


@dataclasses.dataclass
class Bench:
    """What every part is given."""

    backend: WarmBackend
    """Warm, with one episode open, so that its pool stays."""
    repeats: int
    """Of one step."""
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)
    """Rows that this machine has not, and why."""

    @contextlib.contextmanager
    def row(self, name: str) -> Iterator[None]:
        """Measure a row, or note why it cannot be."""
        try:
            yield
        except (MissingError, IsolationUnavailableError) as error:
            self.left_out[name] = str(error)


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


def timed(call: Callable[[str], object], repeats: int, pause: float = 0) -> dict[str, float]:
    """Return the median milliseconds of each step."""
    return {
        step: median(lambda s=source: call(s), repeats, pause) for step, source in STEPS.items()
    }


def open_and_close(backend: Backend) -> None:
    """Play an episode that does nothing."""
    with backend.open() as sandbox:
        sandbox.get("nothing", max_bytes=1)  # backends may open with the first request
