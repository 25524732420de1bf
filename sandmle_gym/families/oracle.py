"""Bayes-optimal decisions: what to submit, for a metric, when the true posterior of every row is known.

The latent of a row is normal with a known mean and standard deviation. Optimal for a metric means: no
other submission has a better expected score. It is exact where the optimum has a closed form, and found
on the expected confusion counts of all rows together where the metric couples them (F1, kappa ...).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr, ndtri

from sandmle_gym.spec import MetricSpec

NODES = 40
"""Points of the Gauss-Hermite rule; log1p of a log-normal needs about 20 for six digits."""


def values(metric: MetricSpec, mean: np.ndarray, spread: float) -> np.ndarray:
    """Decide on numbers whose posterior is normal with this mean (n,) and standard deviation.

    The mean is the median and keeps every order, so it also serves MAE, R² and correlations.
    """
    if metric.name == "pinball":
        return mean + spread * ndtri(metric.params["quantile"])
    return mean


def positive_values(metric: MetricSpec, mean: np.ndarray, spread: float) -> np.ndarray:
    """Decide on numbers whose logarithm has a normal posterior.

    MAPE weighs the posterior by 1/y, which shifts the mean of its logarithm by -spread². SMAPE is a
    symmetric function of the difference of logarithms, so the median is best.
    """
    if metric.name == "rmsle":
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        logs = np.log1p(np.exp(mean[:, None] + spread * nodes))
        return np.expm1((logs * (weights / weights.sum())).sum(axis=1))
    if metric.name == "mape":
        return np.exp(mean - spread**2)
    if metric.name in ("rmse", "r2", "pearson"):
        return np.exp(mean + spread**2 / 2)
    return np.exp(values(metric, mean, spread))


def class_posterior(mean: np.ndarray, spread: float, cuts: tuple[float, ...]) -> np.ndarray:
    """Return the probability of each interval between cut points, float (n, k)."""
    below = ndtr((np.asarray(cuts) - mean[:, None]) / spread)
    edges = np.zeros((len(mean), 1))
    return np.diff(np.hstack([edges, below, edges + 1]), axis=1)


def labels(metric: MetricSpec, posterior: np.ndarray) -> np.ndarray:
    """Decide on class positions, int (n,), given class probabilities (n, k)."""
    if metric.name in ("accuracy", "f1_micro"):
        return posterior.argmax(axis=1)
    if metric.name == "balanced_accuracy":
        return (posterior / posterior.mean(axis=0)).argmax(axis=1)
    utility = _UTILITIES[metric.name](metric)
    weights = 1 / posterior.mean(axis=0) ** 0.5
    for reach in (1.6, 0.4, 0.1):
        for k in range(posterior.shape[1]):
            tried = weights * np.exp(np.linspace(-reach, reach, 17)[:, None] * _one(k, posterior))
            scores = [utility(_expected(posterior, (posterior * w).argmax(axis=1))) for w in tried]
            weights = tried[int(np.argmax(scores))]
    return (posterior * weights).argmax(axis=1)


def grades(metric: MetricSpec, posterior: np.ndarray) -> np.ndarray:
    """Decide on ordered classes: positions for QWK, numbers for the metrics of values."""
    places = np.arange(posterior.shape[1])
    expected = (posterior * places).sum(axis=1)
    if metric.name == "mae":
        return (posterior.cumsum(axis=1) < 0.5).sum(axis=1).astype(float)
    if metric.name != "qwk":
        return expected
    cuts = places[1:] - 0.5
    for reach in (0.4, 0.15, 0.05):
        for k in range(len(cuts)):
            tried = cuts + np.linspace(-reach, reach, 17)[:, None] * _one(k, posterior[:, 1:])
            scores = [
                _kappa(_expected(posterior, np.searchsorted(np.sort(c), expected))) for c in tried
            ]
            cuts = np.sort(tried[int(np.argmax(scores))])
    return np.searchsorted(cuts, expected)


def _one(k: int, like: np.ndarray) -> np.ndarray:
    return np.eye(like.shape[1])[k]


def _expected(posterior: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Expected share of rows by true class (first axis) and decided class."""
    rows, classes = posterior.shape
    counts = [np.bincount(decided, weights=truth, minlength=classes) for truth in posterior.T]
    return np.array(counts) / rows


def _f_beta(beta: float) -> Callable[[np.ndarray], float]:
    def utility(counts: np.ndarray) -> float:
        total = beta**2 * counts[1].sum() + counts[:, 1].sum()
        return float((1 + beta**2) * counts[1, 1] / total)

    return utility


def _f1_macro(counts: np.ndarray) -> float:
    return float(np.mean(2 * np.diag(counts) / (counts.sum(axis=0) + counts.sum(axis=1))))


def _matthews(counts: np.ndarray) -> float:
    actual, decided = counts.sum(axis=1), counts.sum(axis=0)
    spread = (1 - (actual**2).sum()) * (1 - (decided**2).sum())
    return float((np.trace(counts) - (actual * decided).sum()) / np.sqrt(max(spread, 1e-12)))


def _kappa(counts: np.ndarray) -> float:
    places = np.arange(len(counts))
    cost = (places[:, None] - places) ** 2
    chance = counts.sum(axis=1)[:, None] * counts.sum(axis=0)
    return float(1 - (cost * counts).sum() / (cost * chance).sum())


_UTILITIES: dict[str, Callable[[MetricSpec], Callable[[np.ndarray], float]]] = {
    "f1_binary": lambda _: _f_beta(1.0),
    "f_beta": lambda metric: _f_beta(metric.params["beta"]),
    "f1_macro": lambda _: _f1_macro,
    "mcc": lambda _: _matthews,
}
