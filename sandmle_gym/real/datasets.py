"""Real tasks made from the data sets that scikit-learn carries.

Descriptions do not name the source and columns have neutral names, so that an agent has to look at
the data; every bundled copy of the sources is masked in the sandbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.certify.lock import Entry, Lock, attach_entry, freeze_entry
from sandmle_gym.errors import UnknownNameError
from sandmle_gym.real.frame import from_frame
from sandmle_gym.real.measure import measure
from sandmle_gym.sandbox import Backend

VERSION = "0.1.0"
LOCK = "real.lock.json"


@dataclass(frozen=True)
class Source:
    """A data set of scikit-learn and the task made of it."""

    loader: str
    """Name of the function in `sklearn.datasets`."""
    target: str
    metric: str
    title: str
    classes: tuple[str, ...] = ()
    """New names of the classes, in the order of the source."""


REAL_TASKS: Mapping[str, Source] = MappingProxyType(
    {
        "breast-cancer": Source(
            "load_breast_cancer",
            "finding",
            "roc_auc",
            "Triage of cell samples",
            ("suspicious", "clear"),
        ),
        "diabetes": Source("load_diabetes", "progression", "rmse", "Progression after one year"),
        "digits": Source("load_digits", "sign", "accuracy", "Reading coarse scans of handwriting"),
        "iris": Source(
            "load_iris", "variety", "f1_macro", "Telling three varieties apart", ("A", "B", "C")
        ),
        "wine": Source(
            "load_wine",
            "producer",
            "log_loss_multiclass",
            "Tracing bottles to their producer",
            ("north", "hill", "river"),
        ),
    }
)
"""Task name -> source; `SandMLE-Real/<name>-v0`."""


def draw(name: str) -> TaskBundle:
    """Return a real task, not measured.

    Raises:
        UnknownNameError: There is no such task.
    """
    if name not in REAL_TASKS:
        raise UnknownNameError("real task", name, REAL_TASKS)
    source = REAL_TASKS[name]
    return from_frame(
        load(source), target=source.target, metric=source.metric, name=name, title=source.title
    )


def restore(name: str, entry: Entry) -> TaskBundle:
    """Return a real task with the measurements of its lock line.

    Raises:
        UnknownNameError: There is no such task.
        LockMismatchError: The installed scikit-learn carries other data than was frozen.
    """
    return attach_entry(draw(name), entry, name=name)


def freeze_real(envs: Path, backend: Backend) -> Lock:
    """Measure every real task and write `envs/real.lock.json`.

    Raises:
        SandboxError: The sandbox broke.
    """
    tasks = {name: freeze_entry(measure(draw(name), backend)) for name in REAL_TASKS}
    lock = Lock(version=VERSION, tasks=tasks)
    lock.save(envs / LOCK)
    return lock


def load(source: Source) -> pd.DataFrame:
    """Return a source as a table with neutral column names."""
    import sklearn.datasets  # seconds to import, and only needed here

    raw = getattr(sklearn.datasets, source.loader)()
    names = [f"x{position:02d}" for position in range(1, raw.data.shape[1] + 1)]
    table = pd.DataFrame(raw.data, columns=names)
    classes = source.classes
    table[source.target] = [classes[int(y)] for y in raw.target] if classes else raw.target
    return table
