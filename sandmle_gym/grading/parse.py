"""Answers and a submission, aligned by id, never by position and never as a join of what both have."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART
from sandmle_gym.errors import UndefinedScoreError, UserError
from sandmle_gym.grading.cells import read_predictions
from sandmle_gym.grading.grade import Problem, shown
from sandmle_gym.grading.table import Table, check_ids, read_table
from sandmle_gym.grading.truth import check_schema, read_truth
from sandmle_gym.metrics import Metric, get_metric
from sandmle_gym.seeding import stream
from sandmle_gym.spec import Form, SubmissionSchema, TaskBrief

BOOTSTRAP_DRAWS = 50


@dataclass(frozen=True)
class Answers:
    """The truth of a task, ready to score submissions against."""

    schema: SubmissionSchema
    metric: Metric
    positions: Mapping[str, int]
    """Id -> row of `truth`."""
    truth: np.ndarray
    private: np.ndarray
    """bool (n,): True for the rows that reward, False for those that `score` answers on."""

    @classmethod
    def read(cls, brief: TaskBrief, data: bytes) -> "Answers":
        """Read `answers.csv`: the id, `part`, then the submission's columns with the true values.

        For the form `distribution` there is one truth column instead, of any name, with the label of
        the true class (unless the metric is `soft`); so there is where the submission holds a spread
        or quantiles of one value. For `ranking` the cell lists the relevant items, the best first, or
        "item:gain" where the metric is `graded`. Columns of `Metric.extra` come on top.

        Raises:
            UserError: The answers, the schema and the metric do not fit together.
        """
        schema, metric = brief.submission, get_metric(brief.metric)
        check_schema(schema, metric)
        columns = _columns(data)
        for needed in (schema.id_column, "part"):
            if needed not in columns:
                raise UserError(f"the answers have no column {needed!r}")
        ids, parts = columns.pop(schema.id_column), columns.pop("part")
        positions = {name: row for row, name in enumerate(ids)}
        if len(positions) != schema.rows or len(ids) != schema.rows:
            raise UserError(
                f"the answers have {len(ids)} rows, not {schema.rows} with distinct ids"
            )
        if not set(parts) <= {PUBLIC_PART, PRIVATE_PART}:
            raise UserError(
                f"the column 'part' of the answers holds other than {PUBLIC_PART!r}, {PRIVATE_PART!r}"
            )
        truth = read_truth(schema, metric, Table(ids, columns))
        metric.check_truth(truth)
        return cls(schema, metric, positions, truth, np.array(parts) == PRIVATE_PART)

    def align(self, submission: bytes) -> "Scored | Problem":
        """Read a submission and put its rows in the order of the truth."""
        table = read_table(self.schema, submission)
        if isinstance(table, Problem):
            return table
        problem = check_ids(table.ids, self.positions)
        values = problem or read_predictions(self.schema, self.metric, table)
        if not isinstance(values, Problem):
            values = self._blanks(table, values) or values
        if isinstance(values, Problem):
            return values
        prediction = np.empty_like(values)
        prediction[[self.positions[name] for name in table.ids]] = values
        return Scored(self.metric, self.truth, prediction, self.private)

    def _blanks(self, table: Table, values: np.ndarray) -> Problem | None:
        """Refuse empty texts where no true text is empty: they are a mistake, not an answer."""
        if (
            self.schema.form is not Form.TEXT
            or (self.truth == "").any()
            or not (values == "").any()
        ):
            return None
        name = table.ids[int(np.flatnonzero(values == "")[0])]
        column = self.schema.columns[0]
        return Problem(
            "blank_text", f"Column {shown(column)} is blank for id {shown(name)}; a text is wanted."
        )


@dataclass(frozen=True)
class Scored:
    """Truth and prediction of every row, in the order of the answers; see `Metric` for the shapes."""

    metric: Metric
    truth: np.ndarray
    prediction: np.ndarray
    private: np.ndarray
    """bool (n,): which rows reward."""

    def rows(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Truth and prediction of one part, "public" or "private".

        Raises:
            UserError: The task has no rows in this part, or there is no such part.
        """
        mask = {PRIVATE_PART: self.private, PUBLIC_PART: ~self.private}.get(part)
        if mask is None or not mask.any():
            raise UserError(f"the task has no rows in the part {part!r}")
        return self.truth[mask], self.prediction[mask]

    def score(self, part: str = PRIVATE_PART) -> float:
        """The metric on one part.

        Raises:
            UndefinedScoreError: It is not finite.
        """
        return self.metric(*self.rows(part))

    def standard_error(self, part: str = PRIVATE_PART) -> float:
        """The bootstrap standard error of the score on one part, from 50 fixed draws."""
        truth, prediction = self.rows(part)
        draws = stream("standard-error", part).randint(
            len(truth), size=(BOOTSTRAP_DRAWS, len(truth))
        )
        return float(np.std(list(map(self.metric.scorer(truth, prediction), draws)), ddof=1))


def parse(brief: TaskBrief, answers: bytes, submission: bytes) -> Scored | Problem:
    """Read a submission against the answers in this process; for trusted submissions only.

    Raises:
        UserError: The answers do not fit the brief.
    """
    return Answers.read(brief, answers).align(submission)


def score_not_finite(error: UndefinedScoreError) -> Problem:
    """The problem of predictions so extreme that the metric overflows."""
    return Problem(
        "score_not_finite", f"{str(error)[:1].upper()}{str(error)[1:]}; predict plausible values."
    )


def _columns(data: bytes) -> dict[str, tuple[str, ...]]:
    try:
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        return dict(zip(header, zip(*rows, strict=True), strict=True))
    except (ValueError, csv.Error) as error:
        raise UserError(f"the answers are not a rectangular UTF-8 CSV file: {error}") from error
