"""Turn any table into a task of the same shape as a generated one.

The caller's rows are split into train, hidden public and hidden private in proportion to the target,
in random order and under new ids; everything an agent reads follows from the data.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART, Private, TaskBundle
from sandmle_gym.errors import UserError
from sandmle_gym.metrics import get_metric
from sandmle_gym.real.columns import describe
from sandmle_gym.real.description import describe_task
from sandmle_gym.real.programs import programs
from sandmle_gym.real.target import Target, read_target, sample_cells
from sandmle_gym.seeding import digest, stream
from sandmle_gym.spec import MetricSpec, Modality, TaskBrief

MIN_ROWS = 60
MIN_TRAIN_ROWS = 20
MIN_HIDDEN_ROWS = 30
MAX_TRAIN_ROWS = 200
"""Default cap: the paper's tasks have 50-200 training rows."""
MAX_HIDDEN_ROWS = 4000
"""More hidden rows only slow grading down; further rows of the table are left out."""
PUBLIC_SHARE = 0.3
"""Share of the hidden rows that `score` answers on."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Parts:
    """Row positions of a table, each part in random order."""

    train: np.ndarray
    public: np.ndarray
    private: np.ndarray

    @property
    def hidden(self) -> np.ndarray:
        """The rows of the test set."""
        return np.concatenate([self.public, self.private])


def from_csv(
    path: Path | str,
    *,
    target: str,
    metric: str | MetricSpec,
    name: str | None = None,
    title: str | None = None,
    id_column: str | None = None,
    train_rows: int | None = None,
    seed: int = 0,
) -> TaskBundle:  # noqa: PLR0913 — the options of `from_frame`
    """Turn a UTF-8 CSV file with a header line into a task; the name defaults to the file's.

    Raises:
        UserError: The file cannot be read, or `from_frame` refuses its content.
    """
    path = Path(path)
    default = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    return from_frame(
        read_csv(path),
        target=target,
        metric=metric,
        name=default if name is None else name,
        title=title,
        id_column=id_column,
        train_rows=train_rows,
        seed=seed,
    )


def read_csv(path: Path) -> pd.DataFrame:
    """Read a UTF-8 CSV file with a header line.

    Raises:
        UserError: It is missing, not UTF-8, not a rectangular table, or repeats a column name.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8 and try again"
        ) from error
    header = next(csv.reader(io.StringIO(text)), [])
    _check_names(header)
    try:
        return pd.read_csv(io.StringIO(text))
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path} is not a rectangular CSV table: {error}") from error


def from_frame(
    frame: pd.DataFrame,
    *,
    target: str,
    metric: str | MetricSpec,
    name: str,
    title: str | None = None,
    id_column: str | None = None,
    train_rows: int | None = None,
    seed: int = 0,
) -> TaskBundle:  # noqa: PLR0913 — each is a choice that only the owner of the data can make
    """Turn a table into a task that is not measured yet.

    Args:
        frame: One row per example. Rows without a target are left out, and so is a column that only
            counts the rows.
        target: The column to predict.
        metric: A metric by name, or with its parameters.
        name: The task's name: lower-case words joined by hyphens.
        title: Its title; made from the name if missing.
        id_column: The table's own id; its name stays, its values are replaced by opaque ones.
        train_rows: How many rows the agent may learn from; by default two fifths, at most 200.
        seed: Another seed gives another split and other ids.

    Raises:
        UserError: Something in the table or the options is wrong; the message says what to do.
    """
    if not _SLUG.fullmatch(name) or len(name) > 60:
        raise UserError(f"the name {name!r} is not lower-case words joined by hyphens, 60 at most")
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    _check_names(list(frame.columns))
    spec = metric if isinstance(metric, MetricSpec) else MetricSpec(name=metric)
    _check_columns(frame, target, id_column)
    dropped = int(frame[target].isna().sum())
    frame = frame[frame[target].notna()].reset_index(drop=True)
    _check_rows(frame, dropped, train_rows)
    goal = read_target(frame[target], get_metric(spec))
    features = _features(frame.drop(columns=[target]), id_column)
    key = _id_name(features, goal, id_column)
    parts = split(goal.strata, train_rows or default_train_rows(len(frame)), name, seed)
    _check_parts(goal, parts)
    brief = _brief(name, title, spec, goal, key, parts)
    text = describe_task(brief, goal, describe(features), dropped=dropped)
    ids = _ids(len(frame), name, seed)
    public = _public_files(features, goal, key, ids, parts)
    public["description.md"] = text.encode()
    private = Private(
        answers=_answers(goal, key, ids, parts),
        oracle=None,
        witnesses=programs(brief, goal),
        spec=None,
    )
    return TaskBundle(brief, dict(sorted(public.items())), private)


def default_train_rows(rows: int) -> int:
    """Return two fifths of the rows, at most `MAX_TRAIN_ROWS`."""
    return min(MAX_TRAIN_ROWS, max(MIN_TRAIN_ROWS, round(rows * 0.4)))


def split(strata: np.ndarray, train_rows: int, name: str, seed: int) -> Parts:
    """Split rows so that every stratum is in every part in proportion (systematic sampling)."""
    random = stream("split", name, seed)
    order = random.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    train, rest = _systematic(order, train_rows, random)
    hidden, _ = _systematic(rest, min(len(rest), MAX_HIDDEN_ROWS), random)
    public, private = _systematic(hidden, round(len(hidden) * PUBLIC_SHARE), random)
    return Parts(*(random.permutation(part) for part in (train, public, private)))


def _systematic(
    order: np.ndarray, count: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Take `count` evenly spaced entries; return them and the others, both in order."""
    places = np.floor((np.arange(count) + random.uniform()) * len(order) / count).astype(int)
    taken = np.zeros(len(order), dtype=bool)
    taken[places] = True
    return order[taken], order[~taken]


def _check_names(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"column {repeated[0]!r} occurs more than once; rename one of them")
    bad = [name for name in names if not name.strip() or "\n" in name or "\0" in name]
    if bad:
        raise UserError(f"{bad[0]!r} is no column name; give every column a one-line name")


def _check_columns(frame: pd.DataFrame, target: str, id_column: str | None) -> None:
    for role, column in (("target", target), ("id column", id_column)):
        if column is not None and column not in frame.columns:
            known = ", ".join(map(repr, frame.columns[:8]))
            raise UserError(f"the table has no {role} {column!r}; its columns are {known}")
    if target == id_column:
        raise UserError(f"{target!r} cannot be both the target and the id column")
    empty = [column for column in frame.columns if frame[column].isna().all()]
    if empty:
        raise UserError(f"column {empty[0]!r} has no value in any row; remove it from the table")


def _check_rows(frame: pd.DataFrame, dropped: int, train_rows: int | None) -> None:
    rows = len(frame)
    if rows < MIN_ROWS:
        left_out = f" ({dropped} rows without a target are left out)" if dropped else ""
        raise UserError(f"{rows} rows are too few, at least {MIN_ROWS} are needed{left_out}")
    if train_rows is not None and not MIN_TRAIN_ROWS <= train_rows <= rows - MIN_HIDDEN_ROWS:
        raise UserError(
            f"train_rows is {train_rows}, but of {rows} rows {MIN_TRAIN_ROWS} to "
            f"{rows - MIN_HIDDEN_ROWS} can be for training"
        )


def _check_parts(goal: Target, parts: Parts) -> None:
    if not goal.labels:
        return
    for part, rows in (("training", parts.train), ("private", parts.private)):
        absent = set(range(len(goal.labels))) - set(goal.strata[rows])
        if absent:
            label = goal.labels[min(absent)]
            raise UserError(
                f"class {label!r} of {goal.column!r} is too rare to be in the {part} rows; "
                "merge rare classes, or name more train_rows"
            )


def _features(frame: pd.DataFrame, id_column: str | None) -> pd.DataFrame:
    counters = [column for column in frame.columns if _counts_rows(frame[column])]
    left_out = {*counters, *([id_column] if id_column else [])}
    features = frame.drop(columns=[column for column in frame.columns if column in left_out])
    if features.empty:
        raise UserError("the table has no column to predict from besides ids and the target")
    return features


def _counts_rows(column: pd.Series) -> bool:
    if not pd.api.types.is_integer_dtype(column) or column.isna().any():
        return False
    steps = np.diff(column.to_numpy(dtype="int64"))
    return bool((steps == 1).all())


def _id_name(features: pd.DataFrame, goal: Target, id_column: str | None) -> str:
    taken = {*features.columns, *goal.columns, goal.column, "part"}
    return next(name for name in (id_column, "id", "row_id", "example_id_") if name and name not in taken)


def _ids(rows: int, name: str, seed: int) -> list[str]:
    """Return opaque ids, unique and in no order."""
    ids = [digest("id", name, seed, row).hex()[:12] for row in range(rows)]
    return ids


def _brief(
    name: str, title: str | None, spec: MetricSpec, goal: Target, key: str, parts: Parts
) -> TaskBrief:
    try:
        return TaskBrief(
            title=title or name.replace("-", " ").capitalize(),
            card=name,
            index=0,
            family="real",
            modality=Modality.TABULAR,
            domain="real data",
            metric=spec,
            submission=goal.schema(key, len(parts.hidden)),
            train_rows=len(parts.train),
        )
    except ValidationError as error:
        raise UserError(f"no task can be made of this table: {error}") from error


def _public_files(
    features: pd.DataFrame, goal: Target, key: str, ids: Sequence[str], parts: Parts
) -> dict[str, bytes]:
    table = features.copy()
    table.insert(0, key, ids)
    labelled = table.assign(**{goal.column: goal.train})
    hidden = np.sort(parts.hidden) if False else _shuffled(parts)
    sample = [[ids[row], *sample_cells(goal, parts.train)] for row in hidden]
    return {
        "train.csv": _csv(labelled.iloc[parts.train]),
        "test.csv": _csv(table.iloc[hidden]),
        "sample_submission.csv": _csv(pd.DataFrame(sample, columns=[key, *goal.columns])),
    }
