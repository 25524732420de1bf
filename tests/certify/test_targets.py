"""Truth as numbers and back, for every form of submission."""

import numpy as np
import pytest

from sandmle_gym.certify.targets import Coding
from sandmle_gym.grading import Answers
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Form, MetricSpec, Modality, SubmissionSchema, TaskBrief

LABELS = ("north", "south", "east")
RANKINGS = np.empty(3, dtype=object)
RANKINGS[:] = [("p", "q"), ("r",), ("q", "r", "p")]

FORMS = {
    "rmse": (("y",), np.array([0.5, -2.0, 1e-7])),
    "rmsle": (("y",), np.array([0.5, 0.0, 1e7])),
    "rmse_columns": (("y", "z"), np.array([[0.5, 1.0], [2.0, 3.0], [4.0, 5.5]])),
    "roc_auc": (("y",), np.array([0.0, 1.0, 1.0])),
    "log_loss_multiclass": (LABELS, np.array([2, 0, 1])),
    "accuracy": (("y",), np.array([2, 0, 1])),
    "map_at_k": (("y",), RANKINGS),
}


def brief_of(name, columns):
    metric = get_metric(MetricSpec(name=name, params={"k": 2} if name == "map_at_k" else {}))
    labelled = metric.form in (Form.LABEL, Form.DISTRIBUTION)
    schema = SubmissionSchema(
        id_column="id", columns=columns, form=metric.form, rows=3, labels=LABELS if labelled else ()
    )
    return metric, TaskBrief(
        title="Forms",
        card="forms",
        index=0,
        family="forms",
        modality=Modality.TABULAR,
        domain="testing",
        metric=MetricSpec(name=name, params={"k": 2} if name == "map_at_k" else {}),
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
def test_the_truth_encoded_decoded_and_rendered_is_a_perfect_submission(coding_of, name):
    coding, answers = coding_of(name)
    prediction = coding.decode(coding.encode(answers.truth))
    scored = answers.align(coding.render(prediction, list(answers.positions)))
    assert answers.metric(*scored.rows("private")) == pytest.approx(answers.metric.best, abs=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_any_matrix_decodes_to_a_valid_submission(coding_of, name):
    coding, answers = coding_of(name)
    width = coding.encode(answers.truth).shape[1]
    for fill in (-3.0, 0.0, 1e-300, 0.4, 7.0):
        prediction = coding.decode(np.full((3, width), fill))
        scored = answers.align(coding.render(prediction, list(answers.positions)))
        assert np.isfinite(answers.metric(*scored.rows("private")))


def test_a_part_of_the_rows_is_coded_as_the_whole_is(coding_of):
    coding, answers = coding_of("map_at_k")
    assert coding.encode(answers.truth[:1]).tolist() == coding.encode(answers.truth)[:1].tolist()


def test_shares_without_mass_become_uniform(coding_of):
    coding, _ = coding_of("log_loss_multiclass")
    assert coding.decode(np.zeros((1, 3))).tolist() == [[1 / 3] * 3]
