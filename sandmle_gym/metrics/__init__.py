"""Metrics: one small function each, with direction, bounds and admitted values declared.

They are plain NumPy, because certification calls each of them about a thousand times per task and
scikit-learn spends 0.3–2 ms per call on checking its input; the tests hold them to scikit-learn's
and SciPy's values. Where a reference is undefined (one class only, a constant prediction), the
docstring states the value that is returned instead. To add one, write a function in the module of
its form and decorate it.
"""

from sandmle_gym.metrics import (
    boxes,
    groups,
    label_sets,
    labels,
    masks,
    multilabel,
    orders,
    places,
    probabilities,
    rankings,
    several,
    texts,
    uncertainty,
    values,
)
from sandmle_gym.metrics.metric import Metric, Param
from sandmle_gym.metrics.registry import get_metric, metric, metric_names, metric_params

__all__ = [
    "Metric",
    "Param",
    "boxes",
    "get_metric",
    "groups",
    "label_sets",
    "labels",
    "masks",
    "metric",
    "metric_names",
    "metric_params",
    "multilabel",
    "orders",
    "places",
    "probabilities",
    "rankings",
    "several",
    "texts",
    "uncertainty",
    "values",
]
