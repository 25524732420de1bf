"""What a table must be like to become a task; each refusal says what to do."""

import re
from collections.abc import Sequence

import pandas as pd

from sandmle_gym.errors import UserError
from sandmle_gym.real.columns import pick
from sandmle_gym.real.split import MIN_TRAIN_ROWS, Parts
from sandmle_gym.real.target import Target

MIN_ROWS = 60
MIN_HIDDEN_ROWS = 30

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check_name(name: str) -> None:
    """Refuse a task name that is no slug."""
    if not _SLUG.fullmatch(name) or len(name) > 60:
        raise UserError(f"the name {name!r} is not lower-case words joined by hyphens, 60 at most")


def check_names(names: Sequence[str]) -> None:
    """Refuse column names that repeat, are empty or span lines."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"column {repeated[0]!r} occurs more than once; rename one of them")
    bad = [name for name in names if not name.strip() or not name.isprintable()]
    if bad:
        raise UserError(f"{bad[0]!r} is no column name; give every column a one-line name")


def check_columns(frame: pd.DataFrame, target: str, id_column: str | None) -> None:
    """Refuse roles that name no column, and columns without any value."""
    for role, column in (("target", target), ("id column", id_column)):
        if column is not None and column not in frame.columns:
            known = ", ".join(map(repr, frame.columns[:8]))
            raise UserError(f"the table has no {role} {column!r}; its columns are {known}")
    if target == id_column:
        raise UserError(f"{target!r} cannot be both the target and the id column")
    empty = [column for column in frame.columns if pick(frame, column).isna().all()]
    if empty:
        raise UserError(f"column {empty[0]!r} has no value in any row; remove it from the table")


def check_rows(rows: int, dropped: int, train_rows: int | None) -> None:
    """Refuse a table that is too small, and a number of training rows that leaves too few."""
    if rows < MIN_ROWS:
        left_out = f" ({dropped} rows without a target are left out)" if dropped else ""
        raise UserError(f"{rows} rows are too few, at least {MIN_ROWS} are needed{left_out}")
    most = rows - MIN_HIDDEN_ROWS
    if train_rows is not None and not MIN_TRAIN_ROWS <= train_rows <= most:
        raise UserError(
            f"train_rows is {train_rows}, but of {rows} rows {MIN_TRAIN_ROWS} to {most} "
            "can be for training"
        )


def check_classes(goal: Target, parts: Parts) -> None:
    """Refuse a split in which some class cannot be learned or is not asked for."""
    for part, rows in (("training", parts.train), ("private", parts.test[parts.private])):
        absent = set(range(len(goal.labels))) - set(goal.strata[rows].tolist())
        if absent:
            label = goal.labels[min(absent)]
            raise UserError(
                f"class {label!r} of {goal.column!r} is too rare to be in the {part} rows; "
                "merge rare classes, or name more train_rows"
            )
