"""Truth as numbers and back: what lets one probe serve every form of submission."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandmle_gym.grading import Answers
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import Form, SubmissionSchema


@dataclass(frozen=True)
class Coding:
    """How the truth of one task is written as a float matrix whose row means are sensible predictions."""

    schema: SubmissionSchema
    metric: Metric
    flat: bool
    """Whether the metric takes one column of values as (rows,)."""
    items: tuple[str, ...] = ()
    """What may be ranked."""

    @classmethod
    def of(cls, answers: Answers) -> "Coding":
        """Return the coding of a task."""
        truth, ranked = answers.truth, answers.schema.form is Form.RANKING
        items = sorted({item for ranking in truth for item in ranking}) if ranked else ()
        return cls(answers.schema, answers.metric, truth.ndim == 1, tuple(items))

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return truth as floats (rows, k): values as they are, classes one-hot, rankings as 1/rank."""
        if self.schema.form in (Form.VALUE, Form.PROBABILITY):
            return np.asarray(truth, dtype=float).reshape(len(truth), -1)
        if self.schema.form is not Form.RANKING:
            return np.eye(len(self.schema.labels))[truth]
        matrix = np.zeros((len(truth), len(self.items)))
        for row, ranking in enumerate(truth):
            for position, item in enumerate(ranking):
                matrix[row, self.items.index(item)] = 1 / (position + 1)
        return matrix

    def decode(self, matrix: np.ndarray) -> np.ndarray:
        """Return the prediction, in the shape that the metric takes, that comes closest to a matrix."""
        form = self.schema.form
        if form is Form.LABEL:
            return matrix.argmax(axis=1)
        if form is Form.DISTRIBUTION:
            mass = np.clip(matrix, 1e-12, None)
            return mass / mass.sum(axis=1, keepdims=True)
        if form is Form.RANKING:
            return self._rankings(matrix)
        if form is Form.PROBABILITY:
            matrix = np.clip(matrix, 0.0, 1.0)
        elif self.metric.targets == "non_negative":
            matrix = np.clip(matrix, 0.0, None)
        return matrix[:, 0] if self.flat else matrix

    def render(self, prediction: np.ndarray, ids: Sequence[str]) -> bytes:
        """Write a prediction, in the shape that the metric takes, as the CSV of a submission."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.schema.id_column, *self.schema.columns])
        for name, row in zip(ids, prediction, strict=True):
            writer.writerow([name, *self._cells(row)])
        return text.getvalue().encode()

    def _rankings(self, matrix: np.ndarray) -> np.ndarray:
        depth = int(self.metric.params["k"])
        order = np.argsort(-matrix, axis=1, kind="stable")[:, :depth]
        rankings = np.empty(len(matrix), dtype=object)
        rankings[:] = [tuple(self.items[place] for place in row) for row in order]
        return rankings

    def _cells(self, row: np.ndarray) -> list[str]:
        if self.schema.form is Form.LABEL:
            return [self.schema.labels[int(row)]]
        if self.schema.form is Form.RANKING:
            return [" ".join(row)]
        return [repr(float(value)) for value in np.atleast_1d(row)]
