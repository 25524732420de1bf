"""Metrics of the probabilities of several labels: float (n, labels) on both sides, truth 0 or 1."""

from typing import Annotated

import numpy as np

from sandmle_gym.metrics.arrays import columns
from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.probabilities import EPSILON, WORST_LOG_LOSS, average_precision
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

Weight = Annotated[float, Param(0, 1001)]

CELLS = 2**20
"""Comparisons that are made at once."""


@metric(
    "mean column-wise average precision",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    several_columns=True,
)
def average_precision_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The average precision of each column, averaged over the columns, from 0 to 1.

    Columns whose truth has no positive row are left out; it is 0 where that holds for all.
    """
    pairs = zip(columns(truth), columns(prediction), strict=True)
    values = [average_precision(t, p) for t, p in pairs if t.any()]
    return float(np.mean(values)) if values else 0.0


def _losses(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    given = np.where(truth == 1, prediction, 1 - prediction)
    return (0 - np.log(np.clip(given, EPSILON, 1.0))).reshape(len(truth), -1)


@metric(
    "mean column-wise log loss",
    Form.PROBABILITY,
    better="lower",
    bounds=(0, WORST_LOG_LOSS),
    several_columns=True,
    rows=_losses,
)
def log_loss_columns(rows: np.ndarray) -> float:
    """The log loss of each column, averaged over the columns; 0 is perfect."""
    return float(rows.mean())


def _weighted_losses(
    truth: np.ndarray, prediction: np.ndarray, *, positive: Weight, first: Weight
) -> np.ndarray:
    """Float (n, 2): the weighted loss of a row, and its weight."""
    weights = np.where(truth == 1, positive, 1.0).reshape(len(truth), -1)
    weights[:, 0] *= first
    losses = weights * _losses(truth, prediction)
    return np.column_stack([losses.sum(axis=1), weights.sum(axis=1)])


@metric(
    "weighted multi-label log loss",
    Form.PROBABILITY,
    better="lower",
    bounds=(0, WORST_LOG_LOSS),
    several_columns=True,
    rows=_weighted_losses,
    about=(
        "The log loss over all columns, in which positive outcomes weigh {positive:g} times as "
        "much as negative ones and the first column {first:g} times as much as any other; 0 is "
        "perfect."
    ),
)
def log_loss_weighted(rows: np.ndarray) -> float:
    """The log loss over all columns, positive outcomes and the first column weighing more.

    Kaggle's RSNA 2022 cervical spine (positive 2, first 7).
    """
    loss, weight = rows.sum(axis=0)
    return float(loss / weight)


def _precisions(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Float (n, 2): the precision at each true label's place, summed over them, and their number."""
    truth, prediction = truth.reshape(len(truth), -1) == 1, prediction.reshape(len(truth), -1)
    step = max(CELLS // truth.shape[1] ** 2, 1)
    parts = []
    for start in range(0, len(truth), step):
        actual, given = truth[start : start + step], prediction[start : start + step]
        ahead = given[:, None, :] >= given[:, :, None]
        hits = (ahead & actual[:, None, :]).sum(axis=2)
        shares = np.where(actual, hits / ahead.sum(axis=2), 0.0)
        parts.append(np.column_stack([shares.sum(axis=1), actual.sum(axis=1)]))
    return np.concatenate(parts)


@metric(
    "label ranking average precision",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    several_columns=True,
    rows=_precisions,
    about=(
        "For each true label of a row the share of true labels among those ranked as high, "
        "averaged over its true labels and then over the rows, from 0 to 1."
    ),
)
def lrap(rows: np.ndarray) -> float:
    """The label ranking average precision of each row, averaged over the rows.

    Equal probabilities share the lower place. A row without true labels counts 1 (as in scikit-learn).
    """
    total, count = rows.T
    return float(np.where(count > 0, total / np.maximum(count, 1), 1.0).mean())


@metric(
    "label-weighted label ranking average precision",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    several_columns=True,
    rows=_precisions,
    about=(
        "For each true label of a row the share of true labels among those ranked as high, "
        "averaged over all true labels of all rows, from 0 to 1."
    ),
)
def lwlrap(rows: np.ndarray) -> float:
    """The label ranking average precision, averaged over all true labels of all rows.

    Equal probabilities share the lower place (Kaggle's Freesound 2019). It is 1 without true labels.
    """
    total, count = rows.sum(axis=0)
    return float(total / count) if count else 1.0
