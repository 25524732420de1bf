"""Metrics of predicted probabilities: of a positive outcome (PROBABILITY) or of each class (DISTRIBUTION)."""

import numpy as np

from sandmle_gym.metrics.arrays import average_ranks, columns
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

EPSILON = float(np.finfo(np.float64).eps)
"""Probabilities below it count as it in log losses, as in scikit-learn and MLE-bench."""

WORST_LOG_LOSS = float(-np.log(EPSILON))


@metric("ROC AUC", Form.PROBABILITY, better="higher", bounds=(0, 1))
def roc_auc(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The area under the ROC curve: how often a positive row gets a higher value than a negative one.

    It is 0.5 where the truth has one class only.
    """
    area = _area(truth == 1, prediction)
    return 0.5 if area is None else area


@metric("macro one-vs-rest ROC AUC", Form.DISTRIBUTION, better="higher", bounds=(0, 1))
def roc_auc_ovr(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The area under the ROC curve of each class against the rest, averaged over the classes.

    Classes absent from the truth are left out; it is 0.5 where the truth has one class only.
    """
    areas = [_area(truth == k, prediction[:, k]) for k in range(prediction.shape[1])]
    return _mean_area(areas)


@metric(
    "mean column-wise ROC AUC",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    several_columns=True,
)
def roc_auc_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The area under the ROC curve of each column, averaged over the columns.

    Columns whose truth has one class only are left out; it is 0.5 where that holds for all.
    """
    pairs = zip(columns(truth), columns(prediction), strict=True)
    return _mean_area([_area(t == 1, p) for t, p in pairs])


@metric("average precision", Form.PROBABILITY, better="higher", bounds=(0, 1))
def average_precision(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The precision at each threshold, weighted by the gain in recall there, from 0 to 1.

    It is 0 where the truth has no positive row (as in scikit-learn).
    """
    positives = np.count_nonzero(truth)
    if not positives:
        return 0.0
    order = np.argsort(-prediction)
    ranked = prediction[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits = np.cumsum(truth[order])[last]
    gains = np.diff(hits, prepend=0.0) / positives
    return float(min((gains * hits / (last + 1)).sum(), 1.0))


@metric("log loss", Form.PROBABILITY, better="lower", bounds=(0, WORST_LOG_LOSS))
def log_loss(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean negative logarithm of the probability given to what happened; 0 is perfect."""
    given = np.where(truth == 1, prediction, 1 - prediction)
    return _log_loss(given)


@metric("multi-class log loss", Form.DISTRIBUTION, better="lower", bounds=(0, WORST_LOG_LOSS))
def log_loss_multiclass(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean negative logarithm of the probability given to the true class; 0 is perfect."""
    return _log_loss(prediction[np.arange(len(truth)), truth])


@metric("Brier score", Form.PROBABILITY, better="lower", bounds=(0, 1))
def brier(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean squared distance between the probability and the outcome (0 or 1); 0 is perfect."""
    return float(((truth - prediction) ** 2).mean())


def _log_loss(given: np.ndarray) -> float:
    # "0 -" rather than "-" keeps the perfect score from being a negative zero
    return float(0 - np.log(np.clip(given, EPSILON, 1.0)).mean())


def _area(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The area under the ROC curve by the Mann-Whitney statistic; None where a class is missing."""
    n, ones = len(positive), np.count_nonzero(positive)
    if ones in (0, n):
        return None
    ranks = average_ranks(score)[positive].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * (n - ones)))


def _mean_area(areas: list[float | None]) -> float:
    known = [area for area in areas if area is not None]
    return sum(known) / len(known) if known else 0.5
