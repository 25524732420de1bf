"""Metrics of class labels: integer class positions (n,) on both sides."""

from typing import Annotated

import numpy as np

from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


@metric("accuracy", Form.LABEL, better="higher", bounds=(0, 1))
def accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The share of rows whose label is predicted exactly, from 0 to 1."""
    return float((truth == prediction).mean())


@metric("error rate", Form.LABEL, better="lower", bounds=(0, 1))
def error_rate(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The share of rows whose label is not predicted exactly, from 0 (perfect) to 1."""
    return float((truth != prediction).mean())


@metric("balanced accuracy", Form.LABEL, better="higher", bounds=(0, 1))
def balanced_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The recall of each class, averaged over the classes with equal weight, from 0 to 1.

    A class without a row in the truth is left out.
    """
    hits, actual, _ = _counts(truth, prediction)
    seen = actual > 0
    return float((hits[seen] / actual[seen]).mean())


@metric("macro F1", Form.LABEL, better="higher", bounds=(0, 1))
def f1_macro(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The F1 score of each class, averaged over the classes with equal weight, from 0 to 1.

    A class that occurs on neither side is left out.
    """
    hits, actual, predicted = _counts(truth, prediction)
    total = actual + predicted
    seen = total > 0
    return float((2 * hits[seen] / total[seen]).mean())


@metric("micro F1", Form.LABEL, better="higher", bounds=(0, 1))
def f1_micro(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The F1 score over all rows pooled, from 0 to 1; with one label per row it is the accuracy."""
    return accuracy(truth, prediction)


@metric("F1", Form.LABEL, better="higher", bounds=(0, 1))
def f1_binary(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The harmonic mean of precision and recall of the second class, from 0 to 1.

    It is 0 where the class occurs on neither side (scikit-learn's `zero_division=0`).
    """
    return _f_beta(truth, prediction, 1.0)


@metric("F{beta:g}", Form.LABEL, better="higher", bounds=(0, 1))
def f_beta(
    truth: np.ndarray, prediction: np.ndarray, *, beta: Annotated[float, Param(0, 100)]
) -> float:
    """The F-beta score of the second class, in which recall weighs {beta:g} times as much as precision.

    It is 0 where the class occurs on neither side.
    """
    return _f_beta(truth, prediction, beta)


@metric("Matthews correlation", Form.LABEL, better="higher", bounds=(-1, 1))
def mcc(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The Matthews correlation of predicted and true labels: 1 is perfect, 0 is no better than chance.

    It is 0 where either side has one class only (as in scikit-learn).
    """
    hits, actual, predicted = (counts.astype(float) for counts in _counts(truth, prediction))
    n, correct = float(len(truth)), hits.sum()
    spread = (n**2 - (actual**2).sum()) * (n**2 - (predicted**2).sum())
    if spread <= 0:
        return 0.0
    value = (correct * n - (actual * predicted).sum()) / np.sqrt(spread)
    return float(np.clip(value, -1.0, 1.0))


@metric("quadratic weighted kappa", Form.LABEL, better="higher", bounds=(-1, 1))
def qwk(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The agreement of ordered labels beyond chance, an error of d steps counting d squared; 1 is perfect.

    Steps are counted between class positions, whether or not every class occurs. scikit-learn counts
    between the labels that occur, which differs where a class is absent from both sides. Where both
    sides hold one and the same class throughout, agreement is complete and the value is 1.
    """
    t, p = truth.astype(float), prediction.astype(float)
    n = len(t)
    observed = n * ((t - p) ** 2).sum()
    expected = n * (t**2).sum() + n * (p**2).sum() - 2 * t.sum() * p.sum()
    return float(1 - observed / expected) if expected > 0 else 1.0


def _f_beta(truth: np.ndarray, prediction: np.ndarray, beta: float) -> float:
    actual, predicted = truth == 1, prediction == 1
    weight = beta**2
    total = weight * np.count_nonzero(actual) + np.count_nonzero(predicted)
    hits = np.count_nonzero(actual & predicted)
    return (1 + weight) * hits / total if total else 0.0


def _counts(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows per class: predicted rightly, in the truth, in the prediction."""
    classes = int(max(truth.max(), prediction.max())) + 1
    hits = np.bincount(truth[truth == prediction], minlength=classes)
    actual = np.bincount(truth, minlength=classes)
    return hits, actual, np.bincount(prediction, minlength=classes)
