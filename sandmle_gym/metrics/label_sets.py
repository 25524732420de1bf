"""Metrics of sets of labels: bool (n, labels) on both sides."""

import numpy as np

from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


def _counts(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Labels of each row, float (n, 3): on both sides, in the truth, in the prediction."""
    both = truth & prediction
    return np.column_stack([side.sum(axis=1) for side in (both, truth, prediction)]).astype(float)


def _f1(hits: np.ndarray, total: np.ndarray) -> np.ndarray:
    """F1 from hits and labels on both sides together; 1 where there is nothing to find nor found."""
    return np.where(total > 0, 2 * hits / np.where(total > 0, total, 1.0), 1.0)


@metric("mean F1 per row", Form.LABELS, better="higher", bounds=(0, 1), rows=_counts)
def f1_samples(rows: np.ndarray) -> float:
    """The F1 score of the labels of each row, averaged over the rows, from 0 to 1.

    A row without labels on either side counts 1.
    """
    return float(_f1(rows[:, 0], rows[:, 1] + rows[:, 2]).mean())


@metric("micro F1 of labels", Form.LABELS, better="higher", bounds=(0, 1), rows=_counts)
def f1_micro_sets(rows: np.ndarray) -> float:
    """The F1 score over the labels of all rows pooled, from 0 to 1.

    Without any label on either side it is 1.
    """
    hits, actual, predicted = rows.sum(axis=0)
    return float(_f1(hits, actual + predicted))


@metric("macro F1 of labels", Form.LABELS, better="higher", bounds=(0, 1))
def f1_macro_sets(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The F1 score of each label, averaged over the labels with equal weight, from 0 to 1.

    Labels that occur on neither side are left out; it is 1 where all are.
    """
    hits = (truth & prediction).sum(axis=0)
    total = truth.sum(axis=0) + prediction.sum(axis=0)
    seen = total > 0
    return float((2 * hits[seen] / total[seen]).mean()) if seen.any() else 1.0


@metric("mean Jaccard of labels", Form.LABELS, better="higher", bounds=(0, 1), rows=_counts)
def jaccard_sets(rows: np.ndarray) -> float:
    """The mean over rows of labels on both sides / labels on either side, from 0 to 1.

    A row without labels on either side counts 1.
    """
    either = rows[:, 1] + rows[:, 2] - rows[:, 0]
    return float(np.where(either > 0, rows[:, 0] / np.where(either > 0, either, 1.0), 1.0).mean())


@metric("subset accuracy", Form.LABELS, better="higher", bounds=(0, 1))
def accuracy_sets(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The share of rows whose labels are predicted exactly, none missing and none too many, from 0 to 1."""
    return float((truth == prediction).all(axis=1).mean())
