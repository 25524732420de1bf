"""Truth as numbers and back: what lets one probe serve every form of submission.

`encode` turns truth into a float matrix (rows, k) whose row means are meaningful predictions;
`decode` turns such a matrix into what a metric takes; `render` writes a prediction as a submission.
"""

import csv
import io
from collections.abc import Sequence

import numpy as np

from sandmle_gym.metrics import Metric
from sandmle_gym.spec import Form, SubmissionSchema


def encode(truth: np.ndarray, schema: SubmissionSchema) -> np.ndarray:
    """Return truth as floats (rows, k): values as they are, classes one-hot, rankings as 1/rank."""
    if schema.form in (Form.VALUE, Form.PROBABILITY):
        return np.asarray(truth, dtype=float).reshape(len(truth), -1)
    if schema.form is Form.RANKING:
        items = _items(truth)
        matrix = np.zeros((len(truth), len(items)))
        for row, ranking in enumerate(truth):
            for position, item in enumerate(ranking):
                matrix[row, items.index(item)] = 1 / (position + 1)
        return matrix
    return np.eye(len(schema.labels))[np.asarray(truth, dtype=int)]


def decode(
    matrix: np.ndarray, truth: np.ndarray, schema: SubmissionSchema, metric: Metric
) -> np.ndarray:
    """Return a prediction in the shape that metrics take; `truth` gives its shape or its items."""
    if schema.form is Form.LABEL:
        return matrix.argmax(axis=1)
    if schema.form is Form.DISTRIBUTION:
        mass = np.clip(matrix, 0.0, None)
        total = mass.sum(axis=1, keepdims=True)
        return np.where(total > 0, mass / np.where(total > 0, total, 1.0), 1 / matrix.shape[1])
    if schema.form is Form.RANKING:
        items, depth = _items(truth), int(metric.params["k"])
        rankings = np.empty(len(matrix), dtype=object)
        for row, weights in enumerate(matrix):
            rankings[row] = tuple(items[i] for i in np.argsort(-weights, kind="stable")[:depth])
        return rankings
    low = 0.0 if schema.form is Form.PROBABILITY or metric.targets == "non_negative" else None
    high = 1.0 if schema.form is Form.PROBABILITY else None
    values = matrix if low is None else np.clip(matrix, low, high)
    return values[:, 0] if truth.ndim == 1 else values


def render(prediction: np.ndarray, ids: Sequence[str], schema: SubmissionSchema) -> bytes:
    """Write a prediction, in the shape that metrics take, as the CSV of a submission."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([schema.id_column, *schema.columns])
    for name, row in zip(ids, prediction, strict=True):
        writer.writerow([name, *_cells(row, schema)])
    return text.getvalue().encode()


def _cells(row: object, schema: SubmissionSchema) -> list[str]:
    if schema.form is Form.LABEL:
        return [schema.labels[int(row)]]  # pyright: ignore[reportArgumentType]
    if schema.form is Form.RANKING:
        return [" ".join(row)]  # pyright: ignore[reportCallIssue, reportArgumentType]
    return [repr(float(value)) for value in np.atleast_1d(np.asarray(row))]


def _items(truth: np.ndarray) -> list[str]:
    return sorted({item for ranking in truth for item in ranking})
