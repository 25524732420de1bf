"""Turn any table into a task of the same shape as a generated one.

The rows are split into train, hidden public and hidden private in proportion to the target, in random
order and under new ids; the description is written from the data.
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
from sandmle_gym.real import checks
from sandmle_gym.real.columns import describe, pick
from sandmle_gym.real.description import describe_task
from sandmle_gym.real.programs import programs
from sandmle_gym.real.split import Parts, default_train_rows, opaque_ids, split
from sandmle_gym.real.target import Target, read_target, sample_cells
from sandmle_gym.spec import MetricSpec, Modality, TaskBrief


def from_csv(  # noqa: PLR0913 — the options of `from_frame`
    path: Path | str,
    *,
    target: str,
    metric: str | MetricSpec,
    name: str | None = None,
    title: str | None = None,
    id_column: str | None = None,
    train_rows: int | None = None,
    seed: int = 0,
) -> TaskBundle:
    """Turn a UTF-8 CSV file with a header line into a task; the name defaults to the file's.

    Raises:
        UserError: The file cannot be read, or `from_frame` refuses its content.
    """
    path = Path(path)
    return from_frame(
        read_csv(path),
        target=target,
        metric=metric,
        name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") if name is None else name,
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
    checks.check_names(next(csv.reader(io.StringIO(text)), []))
    try:
        return pd.read_csv(io.StringIO(text), index_col=False)
    except (ValueError, pd.errors.ParserWarning) as error:
        raise UserError(f"{path} is not a rectangular CSV table: {error}") from error


def from_frame(  # noqa: PLR0913 — each is a choice that only the owner of the data can make
    frame: pd.DataFrame,
    *,
    target: str,
    metric: str | MetricSpec,
    name: str,
    title: str | None = None,
    id_column: str | None = None,
    train_rows: int | None = None,
    seed: int = 0,
) -> TaskBundle:
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
        seed: Another seed gives another split.

    Raises:
        UserError: Something in the table or the options is wrong; the message says what to do.
    """
    checks.check_name(name)
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    checks.check_names(list(frame.columns))
    checks.check_columns(frame, target, id_column)
    rows = len(frame)
    frame = frame.dropna(subset=[target]).reset_index(drop=True)
    dropped = rows - len(frame)
    checks.check_rows(len(frame), dropped, train_rows)
    spec = metric if isinstance(metric, MetricSpec) else MetricSpec(name=metric)
    goal = read_target(pick(frame, target), get_metric(spec))
    parts = split(goal.strata, train_rows or default_train_rows(len(frame)), name, seed)
    checks.check_classes(goal, parts)
    features = _features(frame.drop(columns=[target]), id_column)
    key = _id_name(features, goal, id_column)
    try:
        brief = _brief(name, title, spec, goal, key, parts)
    except ValidationError as error:
        raise UserError(f"no task can be made of this table: {error}") from error
    files = _Files(features, goal, key, opaque_ids(len(frame), name, seed), parts)
    public = files.public()
    public["description.md"] = describe_task(brief, goal, describe(features), dropped).encode()
    private = Private(files.answers(), oracle=None, witnesses=programs(brief, goal), spec=None)
    return TaskBundle(brief, dict(sorted(public.items())), private)


@dataclass(frozen=True)
class _Files:
    features: pd.DataFrame
    goal: Target
    key: str
    ids: Sequence[str]
    parts: Parts

    def public(self) -> dict[str, bytes]:
        table, sample = self.features.copy(), sample_cells(self.goal, self.parts.train)
        table.insert(0, self.key, self.ids)
        train = table.iloc[self.parts.train]
        train = train.assign(
            **{self.goal.column: [self.goal.train[row] for row in self.parts.train]}
        )
        rows = [[self.ids[row], *sample] for row in self.parts.test]
        return {
            "train.csv": _csv(train),
            "test.csv": _csv(table.iloc[self.parts.test]),
            "sample_submission.csv": _csv(
                pd.DataFrame(rows, columns=[self.key, *self.goal.columns])
            ),
        }

    def answers(self) -> bytes:
        rows = self.parts.test
        part = np.where(self.parts.private, PRIVATE_PART, PUBLIC_PART)
        columns = {
            self.key: [self.ids[row] for row in rows],
            "part": part,
            self.goal.truth_column: [self.goal.truth[row] for row in rows],
        }
        return _csv(pd.DataFrame(columns))


def _features(frame: pd.DataFrame, id_column: str | None) -> pd.DataFrame:
    left_out = [
        name for name in frame.columns if name == id_column or _counts_rows(pick(frame, name))
    ]
    features = frame.drop(columns=left_out)
    if features.empty:
        raise UserError("the table has no column to predict from besides ids and the target")
    return features


def _counts_rows(column: pd.Series) -> bool:
    if not pd.api.types.is_integer_dtype(column) or column.isna().any():
        return False
    return bool((np.diff(column.to_numpy(dtype="int64")) == 1).all())


def _id_name(features: pd.DataFrame, goal: Target, id_column: str | None) -> str:
    taken = {*features.columns, *goal.columns, goal.column, goal.truth_column, "part"}
    names = [id_column, "id", "row_id", *(f"row_id_{number}" for number in range(len(taken)))]
    return next(name for name in names if name and name not in taken)


def _brief(
    name: str, title: str | None, spec: MetricSpec, goal: Target, key: str, parts: Parts
) -> TaskBrief:
    return TaskBrief(
        title=title or name.replace("-", " ").capitalize(),
        card=name,
        index=0,
        family="real",
        modality=Modality.TABULAR,
        domain="real data",
        metric=spec,
        submission=goal.schema(key, len(parts.test)),
        train_rows=len(parts.train),
    )


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode()
