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

SIZE = {"height": 6.0, "width": 5.0}
PARAMS = {
    "f_beta": {"beta": 2.0},
    "f_beta_pixels": {"beta": 0.5, **SIZE},
    "laplace": {"floor": 0.25, "cap": 4.0},
    "log_loss_weighted": {"positive": 2.0, "first": 7.0},
    "map_at_iou": {"iou": 0.4},
    "pinball": {"quantile": 0.8},
    "roc_auc_weighted": {"recall": 0.4, "weight": 2.0},
    **{name: {"k": 3} for name in ("map_at_k", "mrr_at_k", "ndcg_at_k", "ndcg_graded_at_k")},
    **{name: {"k": 3} for name in ("recall_at_k", "top_k_accuracy")},
    **dict.fromkeys(("dice", "dice_global", "dice_hausdorff", "iou"), SIZE),
    "precision_over_iou": SIZE,
}
LABELS = ("a", "b", "c", "d")
ITEMS = tuple("pqrstuvw")
WORDS = ("ash", "Ash", "birch", "cedar", "elder")
LONG_CELLS = {Form.MASK: 200, Form.BOXES: 600, Form.TEXT: 100}


@dataclass(frozen=True)
class Lab:
    """One metric with everything needed to exercise it."""

    spec: MetricSpec
    metric: Metric

    @property
    def columns(self) -> tuple[str, ...]:
        if self.metric.form is Form.DISTRIBUTION:
            return LABELS
        if self.metric.predicts == "quantiles":
            return ("y1", "y2", "y3")
        return ("y1", "y2") if self.metric.several_columns else ("y",)

    @property
    def truth_columns(self) -> tuple[str, ...]:
        """Those of the answers, in the order of the truth array."""
        one = self.metric.predicts != "targets"
        one |= self.metric.form is Form.DISTRIBUTION and not self.metric.soft
        return (*(("truth",) if one else self.columns), *self.metric.extra)

    def truth(self, random, rows):
        main = self._main(random, rows)
        extra = [_EXTRA[name](random, rows) for name in self.metric.extra]
        return np.column_stack([main, *extra]) if extra else main

    def _main(self, random, rows):
        form, several = self.metric.form, self.metric.several_columns
        shape = (rows, 2) if several and self.metric.predicts == "targets" else rows
        if form is Form.PROBABILITY:
            return (random.random_sample(shape) < 0.4).astype(float)
        if form is Form.VALUE:
            return random.randint(1, 12, shape) / 2
        if form is Form.DISTRIBUTION and self.metric.soft:
            return _shares(random, rows)
        if form in _OBJECTS:
            drawn = (_OBJECTS[form](random) for _ in range(rows))
            return _objects(map(_graded, drawn) if self.metric.graded else drawn)
        if form is Form.LABELS:
            return random.random_sample((rows, len(LABELS))) < 0.4
        classes = 2 if self.metric.name in ("f1_binary", "f_beta") else len(LABELS)
        return random.randint(classes, size=rows)

    def prediction(self, random, rows):
        """Coarse on purpose: ties must be handled."""
        form, shape = self.metric.form, (rows, len(self.columns))
        if form is Form.PROBABILITY:
            return random.randint(0, 11, shape if len(self.columns) > 1 else rows) / 10
        if form is Form.DISTRIBUTION:
            return _shares(random, rows)
        if self.metric.predicts != "targets":
            return random.randint(1, 12, shape) / 2
        if self.metric.graded:
            return _objects(_ranking(random) for _ in range(rows))
        return self._main(random, rows)

    def perfect(self, truth):
        extra = len(self.metric.extra)
        truth = truth[:, :-extra].squeeze(1) if extra else truth
        if self.metric.predicts == "spread":
            return np.column_stack([truth, np.full(len(truth), self.metric.params["floor"])])
        if self.metric.predicts == "quantiles":
            return np.column_stack([truth] * len(self.columns))
        if self.metric.form is Form.DISTRIBUTION and not self.metric.soft:
            return np.eye(len(LABELS))[truth]
        if self.metric.graded:
            best = (sorted(items, key=lambda item: -item[1]) for items in truth)
            return _objects(tuple(name for name, _ in items)[:3] for items in best)
        if "k" in self.metric.params:
            return _objects(items[: int(self.metric.params["k"])] for items in truth)
        return truth

    def bundle(self, truth, *, public=0, rows=None, **schema):
        """A task with this truth; the first `public` rows are public."""
        ids = [f"r{row}" for row in range(len(truth))]
        parts = [PUBLIC_PART if row < public else PRIVATE_PART for row in range(len(truth))]
        cells = self._cells(truth)
        labelled = self.metric.form in (Form.LABEL, Form.DISTRIBUTION, Form.LABELS, Form.BOXES)
        schema.setdefault("cell_chars", LONG_CELLS.get(self.metric.form, 64))
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
        answers = as_csv([["id", "part", *self.truth_columns], *rows])
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
        if self.metric.form in _WRITERS:
            return [[_WRITERS[self.metric.form](row)] for row in values]
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


def _shares(random, rows):
    weights = random.randint(0, 5, (rows, len(LABELS))) + (np.arange(len(LABELS)) == 0)
    return weights / weights.sum(axis=1, keepdims=True)


def _ranking(random):
    return tuple(random.permutation(ITEMS)[: random.randint(1, 4)].tolist())


def _graded(items):
    return tuple((item, float(place % 3)) for place, item in enumerate(items))


def _text(random):
    return " ".join(WORDS[word] for word in random.randint(len(WORDS), size=random.randint(1, 4)))


def _mask(random):
    """Runs in 6 x 5 pixels, in one case of ten none; some touch each other."""
    edges = np.sort(random.permutation(31)[: 2 * random.randint(1, 5)])
    return edges.reshape(-1, 2)[: 0 if random.randint(10) == 0 else None]


def _boxes(random):
    """Up to three boxes on a coarse grid, so that they overlap and their scores tie."""
    count = random.randint(0, 4)
    places = random.randint(0, 3, (count, 2))
    sides = random.randint(1, 4, (count, 2))
    labels, scores = random.randint(0, 2, count), random.randint(1, 5, count) / 4
    return np.column_stack([labels, scores, places, sides]).astype(float)


def _write_ranking(items):
    return " ".join(item if isinstance(item, str) else f"{item[0]}:{item[1]}" for item in items)


def _write_boxes(boxes):
    return " ".join(
        " ".join([LABELS[int(label)], *map(repr, numbers)]) for label, *numbers in boxes.tolist()
    )


def _objects(things):
    things = list(things)
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


_EXTRA = {
    "event": lambda random, rows: random.randint(0, 2, rows),
    "group": lambda random, rows: random.randint(0, 3, rows),
    "scale": lambda random, rows: random.randint(1, 4, rows) / 2,
}
_OBJECTS = {Form.RANKING: _ranking, Form.TEXT: _text, Form.MASK: _mask, Form.BOXES: _boxes}
_WRITERS = {
    Form.RANKING: _write_ranking,
    Form.TEXT: str,
    Form.LABELS: lambda held: " ".join(np.array(LABELS)[held]),
    Form.MASK: lambda runs: " ".join(f"{start + 1} {end - start}" for start, end in runs.tolist()),
    Form.BOXES: _write_boxes,
}
