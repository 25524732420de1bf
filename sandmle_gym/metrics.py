"""Metrics: one small function each, thin over scikit-learn and SciPy, with direction and bounds declared."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandmle_gym.spec import Form, MetricSpec


@dataclass(frozen=True)
class Metric:
    """A metric bound to its parameters.

    `function(truth, prediction)` takes arrays whose shapes follow from `form`:
    VALUE and PROBABILITY: float (n,) for one column, (n, k) for several, on both sides;
    DISTRIBUTION: truth int (n,) class positions, prediction float (n, k), rows summing to 1;
    LABEL: int (n,) class positions on both sides;
    RANKING: object arrays (n,) of tuples of item names; truth in order of relevance.
    """

    name: str
    title: str
    form: Form
    greater_is_better: bool
    low: float
    high: float
    function: Callable[[np.ndarray, np.ndarray], float]

    def __call__(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """Score a prediction."""
        return float(self.function(truth, prediction))

    def signed(self, score: float) -> float:
        """Turn a score so that larger is better."""
        return score if self.greater_is_better else -score


def get_metric(spec: MetricSpec) -> Metric:
    """Look a metric up by name and bind its parameters."""
    raise NotImplementedError(spec)
