"""Cells of text to the arrays that metrics take, one reader per form, or a `Problem` with the first bad cell.

Used for the truth as well, so that both sides are read by the same rules.
"""

from collections.abc import Callable, Sequence

import numpy as np

from sandmle_gym.grading.grade import Code, Problem, listed, shown
from sandmle_gym.grading.objects import boxes, label_sets, masks
from sandmle_gym.grading.table import NUMBER, Table, at
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import Form, SubmissionSchema

SUM_TOLERANCE = 1e-6
"""A row whose sum is this near to 1 is left as it is: rescaling would break ties by rounding."""

_NOT_FINITE = frozenset(["", "nan", "inf", "infinity", "na", "n/a", "<na>", "nat", "none", "null"])


def read_predictions(
    schema: SubmissionSchema, metric: Metric, table: Table
) -> np.ndarray | Problem:
    """Read the prediction columns, rows as in the table, in the shape that the metric takes."""
    return _READERS[schema.form](schema, metric, table)


def read_labels(labels: Sequence[str], column: str, table: Table) -> np.ndarray | Problem:
    """Read a column of class labels into positions, int (n,)."""
    positions = {label: position for position, label in enumerate(labels)}
    cells = table.columns[column]
    for row, cell in enumerate(cells):
        if cell not in positions:
            wanted = f"one of {listed(labels, limit=12)}"
            return at("unknown_label", table, column, row, wanted)
    return np.fromiter(map(positions.__getitem__, cells), dtype=np.int64, count=len(cells))


def _values(schema: SubmissionSchema, metric: Metric, table: Table) -> np.ndarray | Problem:
    values = read_numbers(schema.columns, table)
    if isinstance(values, np.ndarray) and metric.targets == "non_negative":
        problem = _outside(values < 0, schema, table, f"a number of at least 0 for {metric.title}")
        return values if problem is None else problem
    return values


def _probabilities(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray | Problem:
    values = read_numbers(schema.columns, table)
    if isinstance(values, Problem):
        return values
    outside = (values < 0) | (values > 1)
    problem = _outside(outside, schema, table, "a probability from 0 to 1")
    return values if problem is None else problem


def _distributions(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray | Problem:
    values = read_numbers(schema.columns, table)
    if isinstance(values, Problem):
        return values
    values = values.reshape(len(table.ids), -1)
    largest = values.max(axis=1)
    bad = np.flatnonzero((values < 0).any(axis=1) | (largest <= 0))
    if bad.size:
        return Problem(
            "bad_distribution",
            f"The probabilities for id {shown(table.ids[int(bad[0])])} are negative or all zero; "
            f"each row needs one number of at least 0 per class, not all 0.",
        )
    with np.errstate(over="ignore"):
        off = np.abs(values.sum(axis=1) - 1) > SUM_TOLERANCE
    # divided by the largest first, so that a sum of huge numbers cannot overflow
    shares = values[off] / largest[off, None]
    values[off] = shares / shares.sum(axis=1, keepdims=True)
    return values


def _labels(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray | Problem:
    return read_labels(schema.labels, schema.columns[0], table)


def _rankings(schema: SubmissionSchema, metric: Metric, table: Table) -> np.ndarray | Problem:
    # without a depth, the length of a field alone bounds a list
    column, depth = schema.columns[0], int(metric.params.get("k", schema.cell_chars))
    rankings = np.empty(len(table.ids), dtype=object)
    for row, cell in enumerate(table.columns[column]):
        items = tuple(cell.split())
        if not 1 <= len(items) <= depth or len(set(items)) < len(items):
            wanted = f"a list of 1 to {depth} different items separated by spaces, best first,"
            return at("bad_ranking", table, column, row, wanted)
        rankings[row] = items
    return rankings


def _texts(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray:
    """Texts as they are but for white space; not normalised as Unicode, whose worst case is quadratic."""
    cells = table.columns[schema.columns[0]]
    texts = np.empty(len(cells), dtype=object)
    texts[:] = [" ".join(cell.split()) for cell in cells]
    return texts


def read_numbers(columns: Sequence[str], table: Table) -> np.ndarray | Problem:
    """Read finite numbers: float (n,) for one column, (n, k) for several."""
    read: list[np.ndarray] = []
    for column in columns:
        cells = table.columns[column]
        for row, cell in enumerate(cells):
            if not NUMBER.fullmatch(cell):
                blank = cell.strip().lstrip("+-").lower() in _NOT_FINITE
                code: Code = "not_finite" if blank else "not_a_number"
                return at(code, table, column, row, "a plain finite number such as 0.25 or 1e-3")
        values = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            return at("not_finite", table, column, row, "a number below 1.8e308")
        read.append(values)
    return read[0] if len(read) == 1 else np.column_stack(read)


def _outside(
    bad: np.ndarray, schema: SubmissionSchema, table: Table, wanted: str
) -> Problem | None:
    if not bad.any():
        return None
    row, column = np.argwhere(bad.reshape(len(table.ids), -1))[0]
    return at("out_of_range", table, schema.columns[column], int(row), wanted)


_READERS: dict[Form, Callable[[SubmissionSchema, Metric, Table], np.ndarray | Problem]] = {
    Form.VALUE: _values,
    Form.PROBABILITY: _probabilities,
    Form.DISTRIBUTION: _distributions,
    Form.LABEL: _labels,
    Form.RANKING: _rankings,
    Form.TEXT: _texts,
    Form.LABELS: label_sets,
    Form.MASK: masks,
    Form.BOXES: boxes,
}
