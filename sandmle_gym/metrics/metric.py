"""What a metric is: a function bound to its parameters, with direction, bounds and shapes declared."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from sandmle_gym.errors import UndefinedScoreError, UserError
from sandmle_gym.spec import Form

Function = Callable[[np.ndarray, np.ndarray], float]

Targets = Literal["any", "non_negative", "non_zero"]
"""Truth values that a metric admits. `non_negative` binds predictions as well."""

Predicts = Literal["targets", "spread", "quantiles"]
"""What the columns of a prediction are: one per target, value and spread of the one target, or its
quantiles (k columns stand for the levels 1/(k+1) … k/(k+1)). For the last two the answers hold one
truth column, of any name."""


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


FORM_PARAMS: Mapping[Form, Mapping[str, Param]] = {
    Form.MASK: {name: Param(0, 4097, whole=True) for name in ("height", "width")}
}
"""Parameters that all metrics of a form have, because they say how its cells are read."""

EXTRAS: Mapping[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "event": ("0 or 1", lambda cells: np.isin(cells, (0, 1))),
    "group": ("whole numbers of at least 0", lambda cells: (cells >= 0) & (cells % 1 == 0)),
    "scale": ("numbers above 0", lambda cells: cells > 0),
}
"""Columns of the answers that a metric may need besides the truth, and what they may hold."""


@dataclass(frozen=True)
class Metric:
    """A metric bound to its parameters.

    `function(truth, prediction)` takes arrays whose shapes follow from `form`:
    VALUE: float (n,) for one column, (n, k) for several, on both sides;
    PROBABILITY: the same, truth 0.0 or 1.0, prediction in [0, 1];
    DISTRIBUTION: truth int (n,) class positions (or like the prediction, where the metric is `soft`),
        prediction float (n, k), rows summing to 1;
    LABEL: int (n,) class positions on both sides;
    RANKING: object arrays (n,) of tuples of item names; truth in order of relevance, or of pairs
        (item, gain) where the metric is `graded`;
    TEXT: object arrays (n,) of strings; LABELS: bool (n, labels);
    MASK: object arrays (n,) of int (runs, 2): first pixel from 0, and the one after the last;
    BOXES: object arrays (n,) of float (boxes, 6): label position, score, x, y, width, height.
    The columns of `extra` follow the target columns of the truth, which is then (n, targets + extra).
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
    columns: int | None = None
    """Exact number of prediction columns, where each has a meaning of its own."""
    predicts: Predicts = "targets"
    extra: tuple[str, ...] = ()
    """Names of `EXTRAS` that the answers hold besides the truth."""
    soft: bool = False
    """Whether the truth is itself a distribution, with the columns of the submission."""
    graded: bool = False
    """Whether the truth of a ranking lists "item:gain", gains of at least 0, in any order."""
    rows: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    """Statistics of each row (n, …), where the score is a function of them alone."""
    summary: Callable[[np.ndarray], float] | None = None
    """That function."""

    def __call__(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """Score a prediction of at least one row.

        Raises:
            UndefinedScoreError: The numbers are so extreme that the score is not finite.
        """
        return self._finite(self.function, truth, prediction)

    def scorer(self, truth: np.ndarray, prediction: np.ndarray) -> Callable[[np.ndarray], float]:
        """Return a function that scores a choice of rows, given as indices, for a bootstrap.

        What can be computed once per row is. The function raises as `__call__` does.
        """
        rows, summary = self.rows, self.summary
        if rows is None or summary is None:
            return lambda chosen: self(truth[chosen], prediction[chosen])
        with np.errstate(all="ignore"):
            statistics = rows(truth, prediction)
        return lambda chosen: self._finite(summary, statistics[chosen])

    def _finite(self, function: Callable[..., float], *arrays: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            score = float(function(*arrays))
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
        for column, name in enumerate(self.extra, -len(self.extra)):
            wanted, admitted = EXTRAS[name]
            if not admitted(truth[:, column]).all():
                raise UserError(
                    f"{self.title} needs {wanted} in the column {name!r} of the answers"
                )
        truth = truth[:, : -len(self.extra)] if self.extra else truth
        if self.targets == "non_negative" and (truth < 0).any():
            raise UserError(f"{self.title} needs target values of at least 0")
        if self.targets == "non_zero" and (truth == 0).any():
            raise UserError(f"{self.title} needs target values other than 0: it divides by them")
