"""Truth as numbers and back, for every form of submission."""

import numpy as np
import pytest

from sandmle_gym.certify.targets import Coding
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


@pytest.fixture
def coding_of():
    """A function that returns the coding of a form, and its answers."""

    def make(name):
        columns, truth = FORMS[name]
        metric, brief = brief_of(name, columns)
        ids = {f"r{row}": row for row in range(3)}
        answers = Answers(brief.submission, metric, ids, truth, np.ones(3, bool))
        return Coding.of(answers), answers

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
