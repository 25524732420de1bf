"""Metrics that treat groups of rows alike; the answers hold a column `group` of whole numbers."""

from math import inf, log

import numpy as np

from sandmle_gym.metrics.probabilities import area
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

LEAST_ERROR = 1e-9
"""Mean errors below it count as it in a logarithm (Kaggle's CHAMPS)."""

POWER = -5.0


@metric(
    "mean log MAE of groups",
    Form.VALUE,
    better="lower",
    bounds=(log(LEAST_ERROR), inf),
    extra=("group",),
    about=(
        "The natural logarithm of the mean absolute error of each group of rows, averaged over "
        "the groups; a perfect group counts -20.7."
    ),
)
def mae_log_groups(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The logarithm of the mean absolute error of each group, averaged over the groups."""
    _, group = np.unique(truth[:, 1], return_inverse=True)
    errors = np.bincount(group, np.abs(truth[:, 0] - prediction)) / np.bincount(group)
    return float(np.log(np.maximum(errors, LEAST_ERROR)).mean())


@metric(
    "mean RMSSE of series",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    extra=("group", "scale"),
    about=(
        "The root mean squared error of each series, divided by the scale of its own history, "
        "averaged over the series; 0 is perfect."
    ),
)
def rmsse(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The scaled root mean squared error of each series, averaged over the series.

    The answers hold the scale of each row's series, as the root mean squared step of a naive forecast
    (Kaggle's M5, with equal weights).
    """
    _, group = np.unique(truth[:, 1], return_inverse=True)
    squares = ((truth[:, 0] - prediction) / truth[:, 2]) ** 2
    return float(np.sqrt(np.bincount(group, squares) / np.bincount(group)).mean())


@metric(
    "ROC AUC with subgroups",
    Form.PROBABILITY,
    better="higher",
    bounds=(0, 1),
    extra=("group",),
    about=(
        "A quarter of the ROC AUC of all rows, and a quarter each of three power means (p = -5) "
        "over groups: of the AUC within the group, of its positive rows against negative ones "
        "outside, and of its negative rows against positive ones outside."
    ),
)
def roc_auc_subgroups(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The ROC AUC of all rows, and three power means of it over groups of rows.

    The metric of Kaggle's Jigsaw "unintended bias". Group 0 is no group. An AUC without both classes
    counts 0.5.
    """
    positive, group = truth[:, 0] == 1, truth[:, 1]
    kinds: list[list[float]] = [[], [], []]
    for name in np.unique(group[group > 0]):
        member = group == name
        for kind, chosen in zip(
            kinds, (member, member == positive, member != positive), strict=True
        ):
            kind.append(_area(positive[chosen], prediction[chosen]))
    means = [_power_mean(kind) if kind else _area(positive, prediction) for kind in kinds]
    return float((_area(positive, prediction) + sum(means)) / 4)


def _area(positive: np.ndarray, score: np.ndarray) -> float:
    value = area(positive, score) if len(positive) else None
    return 0.5 if value is None else value


def _power_mean(values: list[float]) -> float:
    # an area of 0 makes the mean 0: the limit, without a division by it
    return float(np.mean(np.array(values) ** POWER) ** (1 / POWER)) if min(values) > 0 else 0.0
