"""The one table of metrics: direction, bounds and parameters are declared where a function is written."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict, Unpack, get_origin, get_type_hints

import numpy as np

from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.metrics.metric import FORM_PARAMS, Function, Metric, Param, Predicts, Targets
from sandmle_gym.spec import Form, MetricSpec

Bounds = tuple[float, float] | Callable[..., tuple[float, float]]
"""Smallest and largest score, or a function of the parameters that returns them."""


class _Declared(TypedDict, total=False):
    targets: Targets
    several_columns: bool
    columns: int
    predicts: Predicts
    extra: tuple[str, ...]
    soft: bool
    graded: bool


@dataclass(frozen=True)
class _Definition:
    metric: Metric
    function: Callable[..., float]
    rows: Callable[..., np.ndarray] | None
    bounds: Bounds
    params: Mapping[str, Param]


_DEFINITIONS: dict[str, _Definition] = {}


def metric(
    title: str,
    form: Form,
    *,
    better: Literal["higher", "lower"],
    bounds: Bounds,
    rows: Callable[..., np.ndarray] | None = None,
    about: str | None = None,
    **declared: Unpack[_Declared],
) -> Callable[[Callable[..., float]], Callable[..., float]]:
    """Register a function under its own name.

    The title and the description may name parameters in braces: "MAP@{k}".

    Args:
        title: The name people know.
        form: What a row of a submission holds.
        better: The direction.
        bounds: Smallest and largest score.
        rows: Turns truth and prediction into an array of statistics, one entry per row. The decorated
            function then takes such an array instead of truth and prediction, so that a bootstrap
            need not compute the statistics anew. Parameters go to each function that names them.
        about: What a task statement says; without it, the first paragraph of the docstring.
        declared: Fields of `Metric`.
    """

    def register(function: Callable[..., float]) -> Callable[..., float]:
        name = function.__name__
        params = {
            **FORM_PARAMS.get(form, {}),
            **(_params(rows) if rows else {}),
            **_params(function),
        }
        low, high = (math.nan, math.nan) if callable(bounds) else bounds
        unbound = Metric(
            name=name,
            title=title,
            form=form,
            greater_is_better=better == "higher",
            low=low,
            high=high,
            function=_whole(rows, function),
            description=about or " ".join((function.__doc__ or "").split("\n\n")[0].split()),
            rows=rows,
            summary=function if rows else None,
            **declared,
        )
        _DEFINITIONS[name] = _Definition(unbound, function, rows, bounds, MappingProxyType(params))
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


def _params(function: Callable[..., Any]) -> dict[str, Param]:
    hints = get_type_hints(function, include_extras=True)
    return {
        name: replace(hint.__metadata__[0], whole=hint.__origin__ is int)
        for name, hint in hints.items()
        if get_origin(hint) is Annotated
    }


def _whole(rows: Callable[..., np.ndarray] | None, function: Callable[..., float]) -> Function:
    if rows is None:
        return function
    return lambda truth, prediction: function(rows(truth, prediction))


def _bind(definition: _Definition, bound: dict[str, float]) -> Metric:
    function = _given(definition.function, bound)
    rows = _given(definition.rows, bound) if definition.rows else None
    unbound, bounds = definition.metric, definition.bounds
    low, high = _given(bounds, bound)() if callable(bounds) else bounds
    return replace(
        unbound,
        title=unbound.title.format(**bound),
        description=unbound.description.format(**bound),
        low=low,
        high=high,
        function=_whole(rows, function),
        rows=rows,
        summary=function if rows else None,
        params=MappingProxyType(bound),
    )


def _given(function: Callable[..., Any], bound: dict[str, float]) -> Callable[..., Any]:
    """Bind the parameters that a function names."""
    named = signature(function).parameters
    return partial(function, **{name: value for name, value in bound.items() if name in named})
