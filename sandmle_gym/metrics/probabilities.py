"""Metrics of predicted probabilities: of a positive outcome (PROBABILITY) or of each class (DISTRIBUTION)."""

from typing import Annotated

import numpy as np

from sandmle_gym.metrics.arrays import average_ranks, columns
from sandmle_gym.metrics.metric import Param
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
    value = area(truth == 1, prediction)
    return 0.5 if value is None else value


@metric("macro one-vs-rest ROC AUC", Form.DISTRIBUTION, better="higher", bounds=(0, 1))
def roc_auc_ovr(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The area under the ROC curve of each class against the rest, averaged over the classes.

    Classes absent from the truth are left out; it is 0.5 where the truth has one class only.
    """
    areas = [area(truth == k, prediction[:, k]) for k in range(prediction.shape[1])]
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
    return _mean_area([area(t == 1, p) for t, p in pairs])


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


def _divergence(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    left, right = np.clip(truth, EPSILON, 1.0), np.clip(prediction, EPSILON, 1.0)
    return np.maximum((truth * np.log(left / right)).sum(axis=1), 0.0)


@metric(
    "KL divergence",
    Form.DISTRIBUTION,
    better="lower",
    bounds=(0, WORST_LOG_LOSS),
    soft=True,
    rows=_divergence,
    about=(
        "The mean over rows of the Kullback-Leibler divergence of the predicted distribution from "
        "the true one; 0 is perfect."
    ),
)
def kl_divergence(rows: np.ndarray) -> float:
    """The mean Kullback-Leibler divergence of the predicted from the true distribution."""
    return float(rows.mean())


@metric("probabilistic F1", Form.PROBABILITY, better="higher", bounds=(0, 1))
def f1_probabilistic(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The F1 score in which a row counts as predicted positive to the extent of its probability, from 0 to 1.

    Kaggle's RSNA breast cancer. It is 0 where no row is positive.
    """
    total = truth.sum() + prediction.sum()
    return float(2 * (truth * prediction).sum() / total) if truth.any() else 0.0


@metric(
    "weighted ROC AUC",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    about=(
        "The area under the ROC curve, in which the part below a recall of {recall:g} weighs "
        "{weight:g} times as much as the part above."
    ),
)
def roc_auc_weighted(
    truth: np.ndarray,
    prediction: np.ndarray,
    *,
    recall: Annotated[float, Param(0, 1)],
    weight: Annotated[float, Param(0, 1001)],
) -> float:
    """The area under the ROC curve, the part of low recall weighing more.

    Kaggle's ALASKA2 (recall 0.4, weight 2). It is 0.5 where the truth has one class only.
    """
    positives = np.count_nonzero(truth)
    if positives in (0, len(truth)):
        return 0.5
    order = np.argsort(-prediction)
    ranked = prediction[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits = np.append(0.0, np.cumsum(truth[order])[last])
    rejected = 1 - (np.append(0.0, last + 1) - hits) / (len(truth) - positives)
    height = hits / positives
    # the area beside the curve, from the recall axis: what lies to the right of it
    below = _beside(np.minimum(height, recall), height, rejected)
    whole = _beside(height, height, rejected)
    return float((weight * below + whole - below) / (weight * recall + 1 - recall))


def _beside(cut: np.ndarray, height: np.ndarray, right: np.ndarray) -> float:
    """Integrate `right` over heights up to those of `cut`, linear between the points of a curve."""
    share = np.diff(cut) / np.where(np.diff(height) > 0, np.diff(height), 1.0)
    end = right[:-1] + share * np.diff(right)
    return float((np.diff(cut) * (right[:-1] + end) / 2).sum())


def _log_loss(given: np.ndarray) -> float:
    # "0 -" rather than "-" keeps the perfect score from being a negative zero
    return float(0 - np.log(np.clip(given, EPSILON, 1.0)).mean())


def area(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The area under the ROC curve by the Mann-Whitney statistic; None where a class is missing."""
    n, ones = len(positive), np.count_nonzero(positive)
    if ones in (0, n):
        return None
    ranks = average_ranks(score)[positive].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * (n - ones)))


def _mean_area(areas: list[float | None]) -> float:
    known = [area for area in areas if area is not None]
    return sum(known) / len(known) if known else 0.5
