"""Metrics of a number predicted with its uncertainty: truth float (n,), prediction float (n, k)."""

from math import inf, log, sqrt
from typing import Annotated

import numpy as np

from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


def _best_likelihood(floor: float) -> tuple[float, float]:
    return -inf, -log(sqrt(2) * floor)


@metric(
    "Laplace log likelihood",
    Form.VALUE,
    better="higher",
    bounds=_best_likelihood,
    several_columns=True,
    columns=2,
    predicts="spread",
    about=(
        "The mean of -√2 · |error| / σ - ln(√2 · σ), where the first column predicts the value "
        "and the second its standard deviation σ; σ counts at least {floor:g}, an error at most "
        "{cap:g}."
    ),
)
def laplace(
    truth: np.ndarray,
    prediction: np.ndarray,
    *,
    floor: Annotated[float, Param(0, inf)],
    cap: Annotated[float, Param(0, inf)],
) -> float:
    """The mean logarithm of the likelihood of the truth under Laplace distributions.

    The modified Laplace log likelihood of Kaggle's OSIC (floor 70, cap 1000).
    """
    spread = np.maximum(prediction[:, 1], floor)
    error = np.minimum(np.abs(truth - prediction[:, 0]), cap)
    return float((-sqrt(2) * error / spread - np.log(sqrt(2) * spread)).mean())


def quantile_levels(count: int) -> np.ndarray:
    """The levels that k columns of quantiles stand for: 1/(k+1) … k/(k+1)."""
    return np.arange(1, count + 1) / (count + 1)


def _pinball(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    levels = quantile_levels(prediction.shape[1])
    error = truth[:, None] - prediction
    return np.maximum(levels * error, (levels - 1) * error).mean(axis=1)


@metric(
    "mean pinball loss over quantiles",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    several_columns=True,
    predicts="quantiles",
    rows=_pinball,
    about=(
        "The quantile loss, averaged over the columns, which stand for evenly spaced quantiles "
        "(of k columns, the first for 1/(k+1), the last for k/(k+1)); 0 is perfect."
    ),
)
def pinball_columns(rows: np.ndarray) -> float:
    """The quantile loss, averaged over columns of evenly spaced quantiles."""
    return float(rows.mean())
