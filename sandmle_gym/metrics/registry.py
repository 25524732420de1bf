"""What a metric is, and the one table of them: direction, bounds and parameters are declared, not guessed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Literal, get_origin, get_type_hints

import numpy as np

from sandmle_gym.errors import UndefinedScoreError, UnknownNameError, UserError
from sandmle_gym.spec import Form, MetricSpec

Function = Callable[[np.ndarray, np.ndarray], float]

Targets = Literal["any", "non_negative", "non_zero"]
"""Truth values that a metric admits. `non_negative` binds predictions as well."""


@dataclass(frozen=True)
class Param:
    """The values of a metric's parameter: strictly between `low` and `high`.

    Stands at the parameter itself, `quantile: Annotated[float, Param(0, 1)]`.
    """

    low: float
    high: float
    whole: bool = False
    """Follows from the annotation: `Annotated[int, …]`."""

    def check(self, label: str, value: float) -> None:
        """Raise `UserError` for a value outside the range, or with a fraction where none is meant."""
        if not self.low < value < self.high:
            raise UserError(f"{label} is {value:g}, not between {self.low:g} and {self.high:g}")
        if self.whole and value != int(value):
            raise UserError(f"{label} is {value:g}, not a whole number")


@dataclass(frozen=True)
class Metric:
    """A metric bound to its parameters.

    `function(truth, prediction)` takes arrays whose shapes follow from `form`:
    VALUE: float (n,) for one column, (n, k) for several, on both sides;
    PROBABILITY: the same, truth 0.0 or 1.0, prediction in [0, 1];
    DISTRIBUTION: truth int (n,) class positions, prediction float (n, k), rows summing to 1;
    LABEL: int (n,) class positions on both sides;
    RANKING: object arrays (n,) of tuples of item names; truth in order of relevance.
    """

    name: str
    title: str
    """The name people know, with its parameters: "ROC AUC", "MAP@5"."""
    form: Form
    greater_is_better: bool
    low: float
    """Smallest possible score, may be -inf; the best one where lower is better."""
    high: float
    """Largest possible score, may be inf; the best one where greater is better."""
    function: Function
    description: str = ""
    """One sentence for a task statement: what is measured, and on what scale."""
    params: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    targets: Targets = "any"
    several_columns: bool = False
    """Whether it takes several value or probability columns (and averages over them)."""

    def __call__(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """Score a prediction of at least one row.

        Raises:
            UndefinedScoreError: The numbers are so extreme that the score is not finite.
        """
        with np.errstate(all="ignore"):
            score = float(self.function(truth, prediction))
        if not math.isfinite(score):
            raise UndefinedScoreError(f"{self.title} of these predictions is not a finite number")
        return score

    @property
    def best(self) -> float:
        """The score of a perfect prediction."""
        return self.high if self.greater_is_better else self.low

    def signed(self, score: float) -> float:
        """Turn a score so that larger is better."""
        return score if self.greater_is_better else -score

    def check_truth(self, truth: np.ndarray) -> None:
        """Refuse truth values for which the metric has no meaning.

        Raises:
            UserError: With the values that are admitted.
        """
        if self.targets == "non_negative" and (truth < 0).any():
            raise UserError(f"{self.title} needs target values of at least 0")
        if self.targets == "non_zero" and (truth == 0).any():
            raise UserError(f"{self.title} needs target values other than 0: it divides by them")


@dataclass(frozen=True)
class _Definition:
    metric: Metric
    function: Callable[..., float]
    params: Mapping[str, Param]


_DEFINITIONS: dict[str, _Definition] = {}


def metric(
    title: str,
    form: Form,
    *,
    better: Literal["higher", "lower"],
    bounds: tuple[float, float],
    targets: Targets = "any",
    several_columns: bool = False,
) -> Callable[[Callable[..., float]], Callable[..., float]]:
    """Register a function under its own name; the first paragraph of its docstring describes it.

    The title and the description may name parameters in braces: "MAP@{k}".
    """

    def register(function: Callable[..., float]) -> Callable[..., float]:
        name = function.__name__
        declared = Metric(
            name=name,
            title=title,
            form=form,
            greater_is_better=better == "higher",
            low=bounds[0],
            high=bounds[1],
            function=function,
            description=" ".join((function.__doc__ or "").split("\n\n")[0].split()),
            targets=targets,
            several_columns=several_columns,
        )
        _DEFINITIONS[name] = _Definition(declared, function, _params(function))
        return function

    return register


def metric_names() -> tuple[str, ...]:
    """All registered names, sorted."""
    return tuple(sorted(_DEFINITIONS))


def metric_params(name: str) -> Mapping[str, Param]:
    """The parameters of a metric and their ranges; all of them are required."""
    return _definition(name).params


def get_metric(spec: MetricSpec) -> Metric:
    """Look a metric up by name and bind its parameters.

    Raises:
        UnknownNameError: There is no such metric, or it has no such parameter.
        UserError: A parameter is missing or out of its range.
    """
    definition = _definition(spec.name)
    for given in spec.params:
        if given not in definition.params:
            raise UnknownNameError(f"parameter of metric {spec.name}", given, definition.params)
    bound: dict[str, float] = {}
    for name, param in definition.params.items():
        if name not in spec.params:
            raise UserError(f"metric {spec.name} needs the parameter {name!r}")
        value = spec.params[name]
        param.check(f"parameter {name!r} of metric {spec.name}", value)
        bound[name] = int(value) if param.whole else value
    return _bind(definition, bound) if bound else definition.metric


def _definition(name: str) -> _Definition:
    if name not in _DEFINITIONS:
        raise UnknownNameError("metric", name, metric_names())
    return _DEFINITIONS[name]


def _params(function: Callable[..., float]) -> Mapping[str, Param]:
    hints = get_type_hints(function, include_extras=True)
    return MappingProxyType(
        {
            name: replace(hint.__metadata__[0], whole=hint.__origin__ is int)
            for name, hint in hints.items()
            if get_origin(hint) is Annotated
        }
    )


def _bind(definition: _Definition, bound: dict[str, float]) -> Metric:
    return replace(
        definition.metric,
        title=definition.metric.title.format(**bound),
        description=definition.metric.description.format(**bound),
        function=partial(definition.function, **bound),
        params=MappingProxyType(bound),
    )
