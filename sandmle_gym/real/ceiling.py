"""The ceiling of a real task: the expert program, taught with far more rows than an agent gets."""

import csv
import io
from dataclasses import dataclass

import pandas as pd

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.certify import witness
from sandmle_gym.errors import UserError
from sandmle_gym.real.columns import pick
from sandmle_gym.real.target import class_cells
from sandmle_gym.sandbox import Backend
from sandmle_gym.spec import Form

FOLDS = 4

Row = list[str]


def well_taught(bundle: TaskBundle, backend: Backend) -> bytes:
    """Return the submission of the expert program when taught with all rows but those it predicts.

    Raises:
        UserError: The program does not run on this data.
        SandboxError: The sandbox broke.
    """
    known = _Known.of(bundle)
    header: Row = []
    predicted: list[Row] = []
    for fold in range(FOLDS):
        public = {**bundle.public, **known.files(fold)}
        with witness.desk(backend, public) as desk:
            ran = witness.run(
                desk,
                bundle.private.witnesses["expert"],
                seed=0,
                max_bytes=bundle.brief.submission.max_bytes,
            )
        if ran.submission is None:
            raise UserError(f"the expert program does not run on this data: {ran.problem}")
        header, *rows = _read(ran.submission)
        predicted += rows
    return _write([header, *predicted])


@dataclass(frozen=True)
class _Known:
    """All rows of a task with their targets; for the trusted process only."""

    train: list[Row]
    """With its header."""
    test: list[Row]
    """With its header."""
    told: list[Row]
    """The rows of `test`, without header, as rows of `train`."""

    @classmethod
    def of(cls, bundle: TaskBundle) -> "_Known":
        train, test = (_read(bundle.public[name]) for name in ("train.csv", "test.csv"))
        target = next(name for name in train[0] if name not in test[0])
        truth = _truth_cells(bundle, target)
        key = test[0].index(bundle.brief.submission.id_column)
        place = [test[0].index(name) if name != target else None for name in train[0]]
        told = [[truth[row[key]] if at is None else row[at] for at in place] for row in test[1:]]
        return cls(train, test, told)

    def files(self, fold: int) -> dict[str, bytes]:
        """Return train and test files that ask for one fold and tell all the rest."""
        told = [row for place, row in enumerate(self.told) if place % FOLDS != fold]
        asked = self.test[1 + fold :: FOLDS]
        return {
            "train.csv": _write([*self.train, *told]),
            "test.csv": _write([self.test[0], *asked]),
        }


def _truth_cells(bundle: TaskBundle, target: str) -> dict[str, str]:
    """Return id -> the target as `train.csv` would write it."""
    header, *rows = _read(bundle.private.answers)
    key = header.index(bundle.brief.submission.id_column)
    (at,) = (place for place, name in enumerate(header) if place != key and name != "part")
    truth = {row[key]: row[at] for row in rows}
    if bundle.brief.submission.form is not Form.PROBABILITY:
        return truth
    train = pd.read_csv(io.BytesIO(bundle.public["train.csv"]))
    labels = class_cells(pick(train, target))[1]
    return {name: labels[int(cell)] for name, cell in truth.items()}


def _read(data: bytes) -> list[Row]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def _write(rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
