"""What the gates look at besides the ladder: the files an agent sees, and the truth behind them."""

import csv
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.certify.codings import coding_of
from sandmle_gym.certify.targets import Coding
from sandmle_gym.errors import UndefinedScoreError
from sandmle_gym.grading import Answers, Problem
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import SubmissionSchema

TRAIN, TEST, SAMPLE, DESCRIPTION = (
    "train.csv",
    "test.csv",
    "sample_submission.csv",
    "description.md",
)

Table = dict[str, list[str]]
"""Column name -> cells as text."""


@dataclass(frozen=True)
class Evidence:
    """One task laid open: only for the trusted process that certifies it."""

    bundle: TaskBundle
    known: Answers

    @classmethod
    def of(cls, bundle: TaskBundle) -> "Evidence":
        """Open a bundle.

        Raises:
            UserError: The answers are incomplete, or do not fit the schema and the metric.
        """
        return cls(bundle, Answers.read(bundle.brief, bundle.private.answers))

    @property
    def metric(self) -> Metric:
        """The metric of the task."""
        return self.known.metric

    @property
    def schema(self) -> SubmissionSchema:
        """The shape of a submission."""
        return self.known.schema

    @property
    def private(self) -> np.ndarray:
        """Mask of the rows that reward is computed on, shape (hidden rows,)."""
        return self.known.private

    @cached_property
    def truth(self) -> np.ndarray:
        """Truth of the private rows, as the metric takes it."""
        return self.known.truth[self.private]

    @cached_property
    def coding(self) -> Coding:
        """How truth becomes numbers, and numbers a submission."""
        return coding_of(self.known)

    @cached_property
    def targets(self) -> np.ndarray:
        """Truth of all hidden rows as floats, shape (hidden rows, k)."""
        return self.coding.encode(self.known.truth)

    @cached_property
    def written(self) -> list[str]:
        """The perfect prediction of every hidden row as one text."""
        return [" ".join(self.coding.cells(row)) for row in self.coding.perfect(self.known.truth)]

    @cached_property
    def ids(self) -> list[str]:
        """The hidden ids, in the order of `known.truth`."""
        return list(self.known.positions)

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Every public CSV by file name."""
        files = self.bundle.public.items()
        return {name: _table(data) for name, data in files if name.endswith(".csv")}

    def submitted(self, submission: bytes) -> np.ndarray | str:
        """Return the private rows of a submission as the metric takes them, or what is wrong."""
        scored = self.known.align(submission)
        return scored.message if isinstance(scored, Problem) else scored.prediction[self.private]

    def signed(self, prediction: np.ndarray, truth: np.ndarray | None = None) -> float:
        """Score a prediction of the private rows, or of rows with another truth.

        Larger is better; -inf where the metric overflows.
        """
        truth = self.truth if truth is None else truth
        try:
            return self.metric.signed(self.metric(truth, prediction))
        except UndefinedScoreError:
            return float("-inf")


def _table(data: bytes) -> Table:
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
