"""The target of a real task: what the metric makes of a column, or why it cannot."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandmle_gym.errors import UserError
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import Form, SubmissionSchema

MAX_CLASSES = 50
MIN_CLASS_ROWS = 6


@dataclass(frozen=True)
class Target:
    """A target column read for one metric; all arrays have one entry per row of the table."""

    column: str
    form: Form
    train: tuple[str, ...]
    """Cells of the column in `train.csv`."""
    truth: tuple[str, ...]
    """Cells of the truth column in `answers.csv`."""
    strata: np.ndarray
    """Class position, or decile of the value: what a split keeps in proportion."""
    labels: tuple[str, ...] = ()
    """Classes in order; the second of two is the positive one."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Prediction columns of a submission (`part` is a column of every answers file)."""
        if self.form is Form.DISTRIBUTION:
            return tuple(f"{self.column}_{label}" for label in self.labels)
        return ("part_predicted",) if self.column == "part" else (self.column,)

    @property
    def truth_column(self) -> str:
        """The truth column of `answers.csv`."""
        return "label" if self.form is Form.DISTRIBUTION else self.columns[0]

    def schema(self, id_column: str, rows: int) -> SubmissionSchema:
        """Return the shape of a submission of so many rows."""
        widest = max(map(len, self.labels), default=0)
        return SubmissionSchema(
            id_column=id_column,
            columns=self.columns,
            form=self.form,
            rows=rows,
            labels=self.labels if self.form in (Form.LABEL, Form.DISTRIBUTION) else (),
            cell_chars=max(64, widest),
        )


_FORMS = (Form.VALUE, Form.PROBABILITY, Form.DISTRIBUTION, Form.LABEL)


def read_target(column: pd.Series, metric: Metric) -> Target:
    """Read a target without missing cells.

    Raises:
        UserError: The column and the metric do not fit together.
    """
    name = str(column.name)
    if column.nunique() < 2:
        raise UserError(f"the target {name!r} has the same value in every row: nothing to predict")
    if metric.form not in _FORMS or metric.extra or metric.soft or metric.predicts != "targets":
        raise UserError(
            f"{metric.title} scores more than one plain value per row (the form {metric.form.value!r}); "
            "a table's target is one value per row"
        )
    if metric.columns is not None:
        raise UserError(f"{metric.title} scores {metric.columns} columns; a table's target is one")
    return (
        _values(name, column, metric)
        if metric.form is Form.VALUE
        else _classes(name, column, metric)
    )


def _values(name: str, column: pd.Series, metric: Metric) -> Target:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        raise UserError(
            f"{metric.title} needs numbers, but the target {name!r} holds {column.iloc[0]!r}; "
            "for classes choose a metric such as accuracy, roc_auc or log_loss_multiclass"
        )
    values = column.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise UserError(f"the target {name!r} holds infinite values; remove those rows")
    metric.check_truth(values)
    cells = tuple(repr(float(value)) for value in values)
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return Target(name, metric.form, cells, cells, ranks * 10 // len(ranks))


def _classes(name: str, column: pd.Series, metric: Metric) -> Target:
    cells, labels = class_cells(column)
    counts = {label: cells.count(label) for label in labels}
    if len(labels) > MAX_CLASSES:
        raise UserError(
            f"{metric.title} needs classes, but the target {name!r} has {len(labels)} different "
            f"values (at most {MAX_CLASSES}); for numbers choose a metric such as rmse or mae"
        )
    rare = [label for label in labels if counts[label] < MIN_CLASS_ROWS]
    if rare:
        raise UserError(
            f"class {rare[0]!r} of the target {name!r} has {counts[rare[0]]} rows, at least "
            f"{MIN_CLASS_ROWS} are needed; merge rare classes or remove their rows"
        )
    if len(labels) != 2 and (metric.form is Form.PROBABILITY or "binary" in metric.name):
        raise UserError(
            f"{metric.title} needs two classes, but the target {name!r} has {len(labels)}; "
            "choose a metric such as accuracy, f1_macro or log_loss_multiclass"
        )
    positions = np.array([labels.index(cell) for cell in cells])
    truth = tuple(map(str, positions)) if metric.form is Form.PROBABILITY else cells
    return Target(name, metric.form, cells, truth, positions, labels)


def class_cells(column: pd.Series) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cells as text and the classes in order; whole numbers lose a trailing ".0"."""
    if pd.api.types.is_float_dtype(column) and (column == column.round()).all():
        column = column.astype("int64")
    cells = tuple(str(value) for value in column)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return cells, tuple(sorted(set(cells), key=float))
    return cells, tuple(sorted(set(cells)))


def sample_cells(target: Target, train: Iterable[int]) -> list[str]:
    """Return the prediction cells of one row of the sample submission."""
    if target.form is Form.VALUE:
        return [f"{np.mean([float(target.train[row]) for row in train]):.4g}"]
    if target.form is Form.PROBABILITY:
        return ["0.5"]
    if target.form is Form.LABEL:
        return [target.labels[0]]
    return [f"{1 / len(target.labels):.6f}"] * len(target.labels)
