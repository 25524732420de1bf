"""The truth of a task: does it fit the schema and the metric, and what do its cells say?"""

from collections.abc import Sequence

import numpy as np

from sandmle_gym.errors import UserError
from sandmle_gym.grading.cells import read_labels, read_numbers, read_predictions
from sandmle_gym.grading.grade import Problem
from sandmle_gym.grading.table import Table
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import Form, SubmissionSchema

MAX_TEXT_CHARS = 1000
"""Longest text, so that the edit distances of a whole file stay within seconds."""
MAX_GAIN = 30.0
"""Highest grade of an item; gains double with each."""


def check_schema(schema: SubmissionSchema, metric: Metric) -> None:
    """Check that a metric can score submissions of this shape.

    Raises:
        UserError: It cannot.
    """
    if metric.form is not schema.form:
        raise UserError(f"{metric.title} scores the form {metric.form!r}, not {schema.form!r}")
    count = len(schema.columns)
    if schema.form is Form.DISTRIBUTION:
        if len(schema.labels) != count or count < 2:
            raise UserError("a distribution needs one column per label, at least two")
    elif count > 1 and not metric.several_columns:
        raise UserError(f"{metric.title} scores one column, not {count}")
    if metric.columns not in (None, count):
        raise UserError(f"{metric.title} scores {metric.columns} columns, not {count}")
    if schema.form is Form.LABEL and len(schema.labels) < 2:
        raise UserError("the form 'label' needs at least two labels")
    if schema.form in (Form.LABELS, Form.BOXES):
        _check_labels(schema)
    if schema.form is Form.TEXT and schema.cell_chars > MAX_TEXT_CHARS:
        raise UserError(f"texts have at most {MAX_TEXT_CHARS} characters, not {schema.cell_chars}")


def read_truth(schema: SubmissionSchema, metric: Metric, table: Table) -> np.ndarray:
    """Read the truth columns of the answers, in the shape that the metric takes.

    Raises:
        UserError: A column is missing or too many, or a cell is malformed.
    """
    main = tuple(name for name in table.columns if name not in metric.extra)
    missing = [name for name in metric.extra if name not in table.columns]
    if missing:
        raise UserError(f"{metric.title} needs the columns {missing} in the answers")
    truth = _read_main(
        schema, metric, Table(table.ids, {name: table.columns[name] for name in main})
    )
    if isinstance(truth, np.ndarray) and metric.extra:
        extra = read_numbers(metric.extra, table)
        truth = extra if isinstance(extra, Problem) else np.column_stack([truth, extra])
    if isinstance(truth, Problem):
        raise UserError(f"the answers are malformed: {truth.message}")
    return truth


def _read_main(schema: SubmissionSchema, metric: Metric, table: Table) -> np.ndarray | Problem:
    names = tuple(table.columns)
    if schema.form is Form.DISTRIBUTION and not metric.soft:
        if len(names) != 1:
            raise UserError("the answers of a distribution need one truth column with the label")
        return read_labels(schema.labels, names[0], table)
    if metric.predicts != "targets":
        if len(names) != 1:
            raise UserError(f"the answers of {metric.title} need one truth column")
        return read_numbers(names, table)
    if set(names) != set(schema.columns):
        raise UserError(
            f"the answers have the truth columns {list(names)}, not {list(schema.columns)}"
        )
    if schema.form is Form.RANKING:
        return _read_rankings(metric, table.columns[schema.columns[0]])
    truth = read_predictions(schema, metric, table)
    if isinstance(truth, Problem) or schema.form is not Form.PROBABILITY:
        return truth
    if not np.isin(truth, (0.0, 1.0)).all():
        raise UserError("the answers of a probability are 0 or 1")
    return truth


def _read_rankings(metric: Metric, cells: Sequence[str]) -> np.ndarray:
    truth = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        items = tuple(cell.split())
        names = tuple(item.rpartition(":")[0] for item in items) if metric.graded else items
        if not items or len(set(names)) < len(names):
            raise UserError("every ranking of the answers needs relevant items, each once")
        truth[row] = tuple(zip(names, map(_gain, items), strict=True)) if metric.graded else items
    return truth


def _gain(item: str) -> float:
    """Read the number of "item:gain"."""
    try:
        gain = float(item.rpartition(":")[2])
    except ValueError:
        gain = -1.0
    if not 0 <= gain <= MAX_GAIN:
        raise UserError(f"{item!r} of the answers is no item with a gain from 0 to {MAX_GAIN:g}")
    return gain


def _check_labels(schema: SubmissionSchema) -> None:
    if schema.form is Form.LABELS and not schema.labels:
        raise UserError("the form 'labels' needs labels")
    bad = [label for label in schema.labels if label.split() != [label]]
    if bad:
        raise UserError(f"labels in a list cannot hold white space: {bad}")
