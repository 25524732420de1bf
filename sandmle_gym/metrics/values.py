"""Metrics of numbers: float (n,), or (n, k) for the column-wise ones, on both sides."""

from math import inf
from typing import Annotated

import numpy as np

from sandmle_gym.metrics.arrays import average_ranks, correlation
from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


@metric("RMSE", Form.VALUE, better="lower", bounds=(0, inf))
def rmse(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The square root of the mean squared error, in units of the target; 0 is perfect."""
    return float(np.sqrt(((truth - prediction) ** 2).mean()))


@metric("mean column-wise RMSE", Form.VALUE, better="lower", bounds=(0, inf), several_columns=True)
def rmse_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The square root of the mean squared error of each column, averaged over the columns; 0 is perfect."""
    return float(np.sqrt(((truth - prediction) ** 2).mean(axis=0)).mean())


@metric("MAE", Form.VALUE, better="lower", bounds=(0, inf))
def mae(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean absolute error, in units of the target; 0 is perfect."""
    return float(np.abs(truth - prediction).mean())


@metric("RMSLE", Form.VALUE, better="lower", bounds=(0, inf), targets="non_negative")
def rmsle(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The root mean squared error of log(1 + value): relative errors count; 0 is perfect.

    Predictions must not be negative.
    """
    return rmse(np.log1p(truth), np.log1p(prediction))


@metric(
    "mean column-wise RMSLE",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    targets="non_negative",
    several_columns=True,
)
def rmsle_columns(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The root mean squared error of log(1 + value) of each column, averaged over the columns; 0 is perfect.

    Predictions must not be negative.
    """
    return rmse_columns(np.log1p(truth), np.log1p(prediction))


@metric("MAPE", Form.VALUE, better="lower", bounds=(0, inf), targets="non_zero")
def mape(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean absolute error relative to the true value, as a fraction; 0 is perfect."""
    return float((np.abs(truth - prediction) / np.abs(truth)).mean())


@metric("SMAPE", Form.VALUE, better="lower", bounds=(0, 2))
def smape(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The mean of 2·|error| / (|true value| + |prediction|), a fraction from 0 (perfect) to 2.

    A row where both are 0 counts 0.
    """
    size = np.abs(truth) / 2 + np.abs(prediction) / 2
    error = np.abs(truth / 2 - prediction / 2)
    return float((2 * error / np.where(size > 0, size, 1.0)).mean())


@metric("R²", Form.VALUE, better="higher", bounds=(-inf, 1))
def r2(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The share of the target's variance that is explained: 1 is perfect, 0 is as good as the mean.

    On a constant truth it is 1 for a perfect prediction and 0 otherwise (as in scikit-learn).
    """
    error = ((truth - prediction) ** 2).sum()
    variance = ((truth - truth.mean()) ** 2).sum()
    if (truth == truth[0]).all() or variance == 0:
        return float(error == 0)
    return float(1 - error / variance)


@metric("pinball loss at quantile {quantile:g}", Form.VALUE, better="lower", bounds=(0, inf))
def pinball(
    truth: np.ndarray, prediction: np.ndarray, *, quantile: Annotated[float, Param(0, 1)]
) -> float:
    """The quantile loss, in units of the target: 1 too low costs {quantile:g}, 1 too high the rest of 1."""
    error = truth - prediction
    return float(np.maximum(quantile * error, (quantile - 1) * error).mean())


@metric("Spearman correlation", Form.VALUE, better="higher", bounds=(-1, 1))
def spearman(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The rank correlation of predicted and true values: 1 is the same order, 0 is no relation.

    It is 0 where either side is constant.
    """
    return correlation(average_ranks(truth), average_ranks(prediction))


@metric("Pearson correlation", Form.VALUE, better="higher", bounds=(-1, 1))
def pearson(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The linear correlation of predicted and true values: 1 is perfect, 0 is no relation.

    It is 0 where either side is constant.
    """
    return correlation(truth, prediction)
