"""Metrics of several columns of numbers: float (n, k) on both sides."""

from math import inf

import numpy as np

from sandmle_gym.metrics.arrays import average_ranks, columns, correlation
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


def _squares(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return (truth - prediction) ** 2


@metric(
    "RMSE over all columns",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    several_columns=True,
    rows=_squares,
    about=(
        "The square root of the mean squared error over all values of all columns, as of the "
        "pixels of an image; 0 is perfect."
    ),
)
def rmse_pooled(rows: np.ndarray) -> float:
    """The square root of the mean squared error over all values of all columns."""
    return float(np.sqrt(rows.mean()))


@metric("mean column-wise MAE", Form.VALUE, better="lower", bounds=(0, inf), several_columns=True)
def mae_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean absolute error of each column, averaged over the columns; 0 is perfect."""
    return float(np.abs(truth - prediction).mean())


@metric(
    "mean column-wise Spearman correlation",
    Form.VALUE,
    better="higher",
    bounds=(-1, 1),
    several_columns=True,
    about=(
        "The rank correlation of predicted and true values of each column, averaged over the "
        "columns: 1 is perfect."
    ),
)
def spearman_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The rank correlation of each column, averaged over the columns.

    A column that is constant on either side counts 0.
    """
    pairs = zip(columns(truth), columns(prediction), strict=True)
    return float(np.mean([correlation(average_ranks(t), average_ranks(p)) for t, p in pairs]))
