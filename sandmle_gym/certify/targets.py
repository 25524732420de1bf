"""Truth as numbers and back: what lets one probe serve every form of submission."""

import csv
import io
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from sandmle_gym.grading import Answers
from sandmle_gym.metrics.uncertainty import quantile_levels
from sandmle_gym.spec import Form

MAX_ITEMS = 500
"""Most items of rankings that get a column each; rarer ones are left to `perfect`."""

Guesses = Iterator[tuple[str, np.ndarray]]
"""Named predictions of some rows that use no feature."""


class Coding(ABC):
    """How the truth of one task is written as a float matrix whose row means are sensible predictions."""

    legible = True
    """Whether a column of the matrix that equals some public column gives the truth away."""

    def __init__(self, answers: Answers) -> None:
        """Prepare the coding of a task."""
        self.schema, self.metric = answers.schema, answers.metric

    @staticmethod
    def of(answers: Answers) -> "Coding":
        """Return the coding of a task."""
        from sandmle_gym.certify.known import Boxes, Masks, Texts  # they extend this class

        kinds: dict[Form, type[Coding]] = {
            Form.VALUE: Numbers,
            Form.PROBABILITY: Numbers,
            Form.DISTRIBUTION: Shares,
            Form.LABEL: Labels,
            Form.LABELS: LabelSets,
            Form.TEXT: Texts,
            Form.MASK: Masks,
            Form.BOXES: Boxes,
        }
        if answers.schema.form is not Form.RANKING:
            return kinds[answers.schema.form](answers)
        own = answers.metric.graded or "k" not in answers.metric.params
        return (OwnItems if own else Rankings)(answers)

    @abstractmethod
    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return truth as floats (rows, k)."""

    @abstractmethod
    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:
        """Return the prediction, in the shape that the metric takes, that comes closest to a matrix.

        Args:
            matrix: Floats (rows, k).
            truth: The truth of the same rows, where rows have things of their own to choose from.
        """

    @abstractmethod
    def cells(self, row: np.ndarray) -> list[str]:
        """Write the prediction of one row as cells."""

    def perfect(self, truth: np.ndarray) -> np.ndarray:
        """Return the prediction that is the truth."""
        return self.decode(self.encode(truth), truth)

    def guesses(self, truth: np.ndarray) -> Guesses:
        """Yield constant predictions that know the distribution of the truth."""
        targets = self.encode(truth)
        for name, row in self.constants(targets).items():
            yield f"constant {name}", self.decode(np.tile(row, (len(targets), 1)), truth)

    def constants(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return named rows of the matrix: middles and edges of the distribution of each column."""
        rows = {"mean": targets.mean(axis=0), "zero": np.zeros(targets.shape[1])}
        rows |= {
            f"quantile {q}": np.quantile(targets, q, axis=0) for q in (0.1, 0.25, 0.5, 0.75, 0.9)
        }
        if targets.min() > -1:
            rows["log mean"] = np.expm1(np.log1p(targets).mean(axis=0))
        return rows

    def render(self, prediction: np.ndarray, ids: Sequence[str]) -> bytes:
        """Write a prediction, in the shape that the metric takes, as the CSV of a submission."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.schema.id_column, *self.schema.columns])
        for name, row in zip(ids, prediction, strict=True):
            writer.writerow([name, *self.cells(row)])
        return text.getvalue().encode()


class Numbers(Coding):
    """Values and probabilities: the truth as it stands."""

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return the columns that are to be predicted."""
        matrix = np.asarray(truth, dtype=float).reshape(len(truth), -1)
        return matrix[:, : -len(self.metric.extra)] if self.metric.extra else matrix

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Clip to what may be submitted; one column becomes a value with its spread, or quantiles."""
        if self.schema.form is Form.PROBABILITY:
            matrix = np.clip(matrix, 0.0, 1.0)
        elif self.metric.targets == "non_negative":
            matrix = np.clip(matrix, 0.0, None)
        if len(self.schema.columns) == 1:
            return matrix[:, 0]
        if matrix.shape[1] == 1 and self.metric.predicts == "spread":
            return np.column_stack([matrix, np.full(len(matrix), self.metric.params["floor"])])
        if matrix.shape[1] == 1 and self.metric.predicts == "quantiles":
            return np.repeat(matrix, len(self.schema.columns), axis=1)
        return matrix

    def constants(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Add the middle with its true spread, and the true quantiles, where these are asked for."""
        rows, middle = super().constants(targets), float(np.median(targets))
        if self.metric.predicts == "spread":
            off = float(np.abs(targets - middle).mean())
            rows |= {f"spread {f:g}": np.array([middle, f * off]) for f in (0.7, 1.0, 1.4, 2.0)}
        if self.metric.predicts == "quantiles":
            rows["quantiles"] = np.quantile(targets, quantile_levels(len(self.schema.columns)))
        return rows

    def cells(self, row: np.ndarray) -> list[str]:
        """Write each number in full."""
        return [repr(float(value)) for value in np.atleast_1d(row)]


class Shares(Numbers):
    """Distributions: a label as one-hot shares, a soft truth as it stands."""

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return one share per class."""
        return truth if self.metric.soft else np.eye(len(self.schema.labels))[truth]

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Rescale to shares."""
        mass = np.clip(matrix, 1e-12, None)
        return mass / mass.sum(axis=1, keepdims=True)

    def constants(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Put each class in the place of the logarithmic mean."""
        rows = super().constants(targets)
        rows.pop("log mean")
        return rows | _one_each(self.schema.labels)


class Labels(Coding):
    """One label per row, one-hot."""

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return a column per class."""
        return np.eye(len(self.schema.labels))[truth]

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Take the largest column."""
        return matrix.argmax(axis=1)

    def constants(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Put each class in the place of the logarithmic mean."""
        rows = super().constants(targets)
        rows.pop("log mean")
        return rows | _one_each(self.schema.labels)

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the label."""
        return [self.schema.labels[int(row)]]


class LabelSets(Coding):
    """Any number of labels per row, a column of 0 or 1 each."""

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return a column per label."""
        return truth.astype(float)

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Take the columns of at least a half."""
        return matrix >= 0.5

    def constants(self, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Add the 1, 2 … most frequent labels."""
        order = np.argsort(-targets.mean(axis=0), kind="stable")
        counts = range(1, min(len(order), 10) + 1)
        frequent = {f"{k} most frequent": np.isin(np.arange(len(order)), order[:k]) for k in counts}
        return super().constants(targets) | {
            name: row.astype(float) for name, row in frequent.items()
        }

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the labels in their order."""
        return [
            " ".join(label for label, held in zip(self.schema.labels, row, strict=True) if held)
        ]


class Rankings(Coding):
    """Rankings out of one list of items: 1 / place in a column per item."""

    def __init__(self, answers: Answers) -> None:
        """Give the most frequent items a column each."""
        super().__init__(answers)
        counts = Counter(item for ranking in answers.truth for item in ranking)
        self.items = sorted(sorted(counts, key=lambda item: (-counts[item], item))[:MAX_ITEMS])

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return 1 / place."""
        matrix = np.zeros((len(truth), len(self.items)))
        places = {item: place for place, item in enumerate(self.items)}
        for row, ranking in enumerate(truth):
            for position, item in enumerate(ranking):
                if item in places:
                    matrix[row, places[item]] = 1 / (position + 1)
        return matrix

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """List the largest columns."""
        order = np.argsort(-matrix, axis=1, kind="stable")[:, : self._depth]
        return _objects(tuple(self.items[place] for place in row) for row in order)

    def perfect(self, truth: np.ndarray) -> np.ndarray:
        """Return the relevant items, as many as may be listed."""
        return _objects(ranking[: self._depth] for ranking in truth)

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the items, best first."""
        return [" ".join(row)]

    @property
    def _depth(self) -> int:
        return int(self.metric.params["k"])


class OwnItems(Coding):
    """Rankings of things that each row has to itself: their ranks or gains, in the order of their names."""

    def __init__(self, answers: Answers) -> None:
        """Find the longest list."""
        super().__init__(answers)
        self.width = max(map(len, answers.truth))

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Return the gain of each item, or how far it is from the end of the order; 0 beyond the last."""
        matrix = np.zeros((len(truth), self.width))
        for row, ranking in enumerate(truth):
            gains = self._gains(ranking)
            matrix[row, : len(gains)] = [gains[item] for item in sorted(gains)]
        return matrix

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:
        """Order the items of each row by their column."""
        assert truth is not None
        return _objects(map(self._ordered, matrix, truth))

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the items, best first."""
        return [" ".join(row)]

    def _gains(self, ranking: tuple) -> dict[str, float]:
        if self.metric.graded:
            return dict(ranking)
        return {item: 1 - place / len(ranking) for place, item in enumerate(ranking)}

    def _ordered(self, values: np.ndarray, ranking: tuple) -> tuple[str, ...]:
        names = sorted(self._gains(ranking))
        order = np.argsort(-values[: len(names)], kind="stable")
        depth = int(self.metric.params.get("k", len(names)))
        return tuple(names[place] for place in order[:depth])


def _one_each(labels: Sequence[str]) -> dict[str, np.ndarray]:
    return dict(zip(labels, np.eye(len(labels)), strict=True))


def _objects(things: Iterator) -> np.ndarray:
    """An object array (n,) of things that numpy would else take apart."""
    listed = list(things)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
