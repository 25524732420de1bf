"""Every registered metric with drawn truths and predictions, and tasks and files made of them."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pytest

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART, Private, TaskBundle
from sandmle_gym.grading import Grader
from sandmle_gym.metrics import Metric, get_metric, metric_names
from sandmle_gym.spec import Form, MetricSpec, Milestones, SubmissionSchema, TaskBrief

PARAMS = {
    "f_beta": {"beta": 2.0},
    "map_at_k": {"k": 3},
    "ndcg_at_k": {"k": 3},
    "pinball": {"quantile": 0.8},
}
LABELS = ("a", "b", "c", "d")
ITEMS = tuple("pqrstuvw")


@dataclass(frozen=True)
class Lab:
    """One metric with everything needed to exercise it."""

    spec: MetricSpec
    metric: Metric

    @property
    def columns(self) -> tuple[str, ...]:
        if self.metric.form is Form.DISTRIBUTION:
            return LABELS
        return ("y1", "y2") if self.metric.several_columns else ("y",)

    def truth(self, random, rows):
        shape = (rows, 2) if self.metric.several_columns else rows
        if self.metric.form is Form.PROBABILITY:
            return (random.random_sample(shape) < 0.4).astype(float)
        if self.metric.form is Form.VALUE:
            return random.randint(1, 12, shape) / 2
        if self.metric.form is Form.RANKING:
            return _rankings(random, rows)
        classes = 2 if self.metric.name in ("f1_binary", "f_beta") else len(LABELS)
        return random.randint(classes, size=rows)

    def prediction(self, random, rows):
        """Coarse on purpose: ties must be handled."""
        if self.metric.form is Form.PROBABILITY:
            shape = (rows, 2) if self.metric.several_columns else rows
            return random.randint(0, 11, shape) / 10
        if self.metric.form is Form.DISTRIBUTION:
            weights = random.randint(0, 5, (rows, len(LABELS))) + (np.arange(len(LABELS)) == 0)
            return weights / weights.sum(axis=1, keepdims=True)
        return self.truth(random, rows)

    def perfect(self, truth):
        if self.metric.form is Form.DISTRIBUTION:
            return np.eye(len(LABELS))[truth]
        if self.metric.form is Form.RANKING:
            return _objects(items[: int(self.metric.params["k"])] for items in truth)
        return truth

    def bundle(self, truth, *, public=0, rows=None, **schema):
        """A task with this truth; the first `public` rows are public."""
        ids = [f"r{row}" for row in range(len(truth))]
        parts = [PUBLIC_PART if row < public else PRIVATE_PART for row in range(len(truth))]
        columns = ("label",) if self.metric.form is Form.DISTRIBUTION else self.columns
        cells = self._cells(truth)
        labelled = self.metric.form in (Form.LABEL, Form.DISTRIBUTION)
        brief = TaskBrief(
            title="A task",
            card="a-card",
            index=0,
            family="made-up",
            modality="tabular",
            domain="testing",
            metric=self.spec,
            submission=SubmissionSchema(
                id_column="id",
                columns=self.columns,
                form=self.metric.form,
                rows=rows or len(truth),
                labels=LABELS if labelled else (),
                **schema,
            ),
            train_rows=10,
        )
        rows = [[name, part, *row] for name, part, row in zip(ids, parts, cells, strict=True)]
        answers = as_csv([["id", "part", *columns], *rows])
        marks = {
            "median": 0.2,
            "bronze": 0.4,
            "silver": 0.6,
            "gold": 0.8,
            "trivial": 0,
            "ceiling": 1,
        }
        if not self.metric.greater_is_better:
            marks = {name: 1 - mark for name, mark in marks.items()}
        public_files = {"train.csv": b"id,x\n1,2\n"}
        return TaskBundle(
            brief, public_files, Private(answers, None, {}, None, Milestones(**marks))
        )

    def table(self, prediction):
        """The rows of a submission, header first."""
        rows = [[f"r{row}", *cells] for row, cells in enumerate(self._cells(prediction))]
        return [["id", *self.columns], *rows]

    def _cells(self, values):
        if self.metric.form is Form.RANKING:
            return [[" ".join(items)] for items in values]
        if values.dtype.kind == "i":
            return [[LABELS[position]] for position in values]
        return [[repr(value) for value in row] for row in values.reshape(len(values), -1).tolist()]


def as_csv(rows) -> bytes:
    """Rows of cells as a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def make_lab(name) -> Lab:
    spec = MetricSpec(name=name, params=PARAMS.get(name, {}))
    return Lab(spec, get_metric(spec))


@pytest.fixture(params=metric_names())
def lab(request):
    """The law holds for every registered metric."""
    return make_lab(request.param)


@pytest.fixture
def lab_of():
    """The laboratory of one named metric."""
    return make_lab


@pytest.fixture
def csv_of():
    """Rows of cells to bytes."""
    return as_csv


@pytest.fixture(scope="session")
def grader():
    """One worker for all tests that do not break it."""
    with Grader() as shared:
        yield shared


def _rankings(random, rows):
    draws = (tuple(random.permutation(ITEMS)[: random.randint(1, 4)].tolist()) for _ in range(rows))
    return _objects(draws)


def _objects(tuples):
    return np.fromiter(tuples, dtype=object)
