"""Truth as numbers and back, for every form of submission."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from sandmle_gym.bundle import Private, TaskBundle
from sandmle_gym.certify import codings
from sandmle_gym.certify.effortless import (
    constants_earn_nothing,
    ids_tell_nothing,
    order_tells_nothing,
    perfect_is_best,
    sample_earns_nothing,
)
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.leaks import FILE_GATES, answers_not_public
from sandmle_gym.grading import Answers, Scored
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Form, MetricSpec, Modality, SubmissionSchema, TaskBrief

LABELS = ("north", "south", "east")


def objects(*things):
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


SIZE = {"height": 20.0, "width": 9.0}
NO_BOX = np.zeros((0, 6))
BOXES = (
    np.array([[0, 1, 2, 2, 3, 4.5]]),
    NO_BOX,
    np.array([[2, 1, 0, 0, 1, 1], [1, 1, 5, 5, 9, 2.0]]),
)
MASKS = (np.array([[0, 4], [30, 41]]), np.zeros((0, 2), int), np.array([[179, 180]]))

FORMS = {
    "rmse": (("y",), np.array([0.5, -2.0, 1e-7])),
    "rmsle": (("y",), np.array([0.5, 0.0, 1e7])),
    "rmse_columns": (("y", "z"), np.array([[0.5, 1.0], [2.0, 3.0], [4.0, 5.5]])),
    "roc_auc": (("y",), np.array([0.0, 1.0, 1.0])),
    "log_loss_multiclass": (LABELS, np.array([2, 0, 1])),
    "accuracy": (("y",), np.array([2, 0, 1])),
    "map_at_k": (("y",), objects(("p", "q"), ("r",), ("q", "r", "p"))),
    "kendall_orders": (("y",), objects(("p", "q"), ("r",), ("q", "r", "p"))),
    "ndcg_graded_at_k": (("y",), objects((("p", 0.0), ("q", 2.0)), (("r", 1.0),), (("s", 0.0),))),
    "kl_divergence": (LABELS, np.array([[0.5, 0.5, 0], [1, 0, 0], [0.2, 0.2, 0.6]])),
    "f1_samples": (("y",), np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]], dtype=bool)),
    "levenshtein": (("y",), objects("one", "two three", "")),
    "dice": (("y",), objects(*MASKS)),
    "map_over_iou": (("y",), objects(*BOXES)),
    "laplace": (("y", "s"), np.array([0.5, -2.0, 7])),
    "pinball_columns": (("low", "mid", "high"), np.array([0.5, -2.0, 7])),
    "concordance": (("y",), np.array([[5.0, 1], [3.0, 0], [2.0, 1]])),
    "lrap": (LABELS, np.array([[1.0, 0, 1], [0, 0, 1], [1, 1, 1]])),
}
PARAMS = {
    "map_at_k": {"k": 2.0},
    "ndcg_graded_at_k": {"k": 2.0},
    "dice": SIZE,
    "laplace": {"floor": 0.1, "cap": 9.0},
}


def brief_of(name, columns):
    spec = MetricSpec(name=name, params=PARAMS.get(name, {}))
    metric = get_metric(spec)
    labelled = metric.form in (Form.LABEL, Form.DISTRIBUTION, Form.LABELS, Form.BOXES)
    schema = SubmissionSchema(
        id_column="id",
        columns=columns,
        form=metric.form,
        rows=3,
        labels=LABELS if labelled else (),
        cell_chars=200,
    )
    return metric, TaskBrief(
        title="Forms",
        card="forms",
        index=0,
        family="forms",
        modality=Modality.TABULAR,
        domain="testing",
        metric=spec,
        submission=schema,
        train_rows=1,
    )


def csv_bytes(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


@pytest.fixture
def coding_of():
    """A function that returns the coding of a form, and its answers."""

    def make(name):
        columns, truth = FORMS[name]
        metric, brief = brief_of(name, columns)
        ids = {f"r{row}": row for row in range(3)}
        answers = Answers(brief.submission, metric, ids, truth, np.ones(3, bool))
        return codings.coding_of(answers), answers

    return make


@pytest.mark.parametrize("name", FORMS)
def test_the_perfect_prediction_rendered_is_a_perfect_submission(coding_of, name):
    coding, answers = coding_of(name)
    prediction = coding.perfect(answers.truth)
    scored = answers.align(coding.render(prediction, list(answers.positions)))
    assert answers.metric(*scored.rows("private")) == pytest.approx(answers.metric.best, abs=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_any_matrix_decodes_to_a_valid_submission(coding_of, name):
    coding, answers = coding_of(name)
    width = coding.encode(answers.truth).shape[1]
    for fill in (-3.0, 0.0, 1e-300, 0.4, 7.0):
        prediction = coding.decode(np.full((3, width), fill), answers.truth)
        scored = answers.align(coding.render(prediction, list(answers.positions)))
        assert np.isfinite(answers.metric(*scored.rows("private")))


@pytest.mark.parametrize("name", FORMS)
def test_the_truth_encoded_and_decoded_is_perfect_too(coding_of, name):
    coding, answers = coding_of(name)
    decoded = coding.decode(coding.encode(answers.truth), answers.truth)
    score = answers.metric(answers.truth, decoded)
    assert score == pytest.approx(answers.metric.best, abs=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_every_guess_is_a_valid_submission_and_the_same_for_all_rows(coding_of, name):
    coding, answers = coding_of(name)
    guesses = dict(coding.guesses(answers.truth))
    assert len(guesses) >= 7
    for guess in guesses.values():
        data = coding.render(guess, list(answers.positions))
        scored = answers.align(data)
        assert isinstance(scored, Scored), scored
        cells = {line.partition(b",")[2] for line in data.splitlines()[1:]}
        assert len(cells) == 1 or name in ("kendall_orders", "ndcg_graded_at_k")


def test_a_part_of_the_rows_is_coded_as_the_whole_is(coding_of):
    coding, answers = coding_of("map_at_k")
    assert coding.encode(answers.truth[:1]).tolist() == coding.encode(answers.truth)[:1].tolist()


def test_shares_without_mass_become_uniform(coding_of):
    coding, _ = coding_of("log_loss_multiclass")
    assert coding.decode(np.zeros((1, 3))).tolist() == [[1 / 3] * 3]


def drawn(coding_of, name, rows=1000):
    """A task whose truths are drawn from the three of the form; one column of noise to learn from."""
    coding, answers = coding_of(name)
    random = np.random.RandomState(0)
    ids = [f"{random.randint(16**6):06x}{row:04x}" for row in range(rows + 60)]
    columns, (_, brief) = FORMS[name][0], brief_of(name, FORMS[name][0])
    one = answers.metric.predicts != "targets" or (
        answers.metric.form is Form.DISTRIBUTION and not answers.metric.soft
    )
    header = [*(["truth"] if one else columns), *answers.metric.extra]
    cells = [truth_cells(answers, truth) for truth in answers.truth]
    truths = [cells[k] for k in random.randint(3, size=rows)]
    schema = brief.submission.model_copy(update={"rows": rows})
    sample = coding.cells(coding.perfect(answers.truth)[0])
    test = ids[60:]
    noise = [[name, f"{random.normal():.6f}"] for name in ids]
    train = [[*row, *cells[0]] for row in noise[:60]]
    public_names = ("train.csv", "test.csv", "sample_submission.csv")
    public = {
        "train.csv": csv_bytes(["id", "x", *header], train),
        "test.csv": csv_bytes(["id", "x"], noise[60:]),
        "sample_submission.csv": csv_bytes(["id", *columns], [[name, *sample] for name in test]),
        "description.md": " ".join([*public_names, "id", "x", *columns, *header]).encode(),
    }
    rows = [[name, "private", *row] for name, row in zip(test, truths, strict=True)]
    private = Private(csv_bytes(["id", "part", *header], rows), None, {}, spec=None)
    brief = brief.model_copy(update={"submission": schema})
    return Evidence.of(TaskBundle(brief, public, private))


def truth_cells(answers, truth):
    form = answers.metric.form
    if form is Form.DISTRIBUTION and not answers.metric.soft:
        return [LABELS[truth]]
    if answers.metric.graded:
        return [" ".join(f"{item}:{gain}" for item, gain in truth)]
    if answers.metric.extra or answers.metric.predicts != "targets":
        return [repr(float(number)) for number in np.atleast_1d(truth)]
    coding = codings.coding_of(answers)
    return [" ".join(truth)] if form is Form.RANKING else coding.cells(truth)


@pytest.mark.parametrize("name", FORMS)
def test_every_gate_serves_every_form(coding_of, name):
    evidence = drawn(coding_of, name)
    perfect = evidence.signed(evidence.coding.perfect(evidence.truth))
    assert perfect_is_best(evidence, perfect - 1).passed
    guesses = dict(evidence.coding.guesses(evidence.truth))
    median = max(evidence.signed(guess) for guess in guesses.values()) + 0.05
    for gate in (constants_earn_nothing, ids_tell_nothing, order_tells_nothing):
        result = gate(evidence, median)
        assert result.passed, result
    assert np.isfinite(
        float(sample_earns_nothing(evidence, median).detail.split(": ")[1].split(",")[0])
    )
    for gate in FILE_GATES:
        result = gate(evidence)
        assert result.passed, result


@pytest.mark.parametrize("name", ["rmse", "levenshtein", "dice", "map_over_iou", "f1_samples"])
def test_a_public_column_that_is_the_truth_is_found_in_every_form(coding_of, name):
    evidence = drawn(coding_of, name)
    rows = list(csv.reader(io.StringIO(evidence.bundle.private.answers.decode())))[1:]
    test = csv_bytes(["id", "x", "copy"], [[row[0], "1", row[2]] for row in rows])
    bundle = replace(evidence.bundle, public={**evidence.bundle.public, "test.csv": test})
    assert not answers_not_public(Evidence.of(bundle)).passed
