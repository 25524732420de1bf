"""Truth as numbers and back, for every form of submission."""

import numpy as np
import pytest

from sandmle_gym.certify.targets import decode, encode, render
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


@pytest.mark.parametrize("name", FORMS)
def test_the_truth_encoded_decoded_and_rendered_is_a_perfect_submission(name):
    columns, truth = FORMS[name]
    metric, brief = brief_of(name, columns)
    schema = brief.submission
    prediction = decode(encode(truth, schema), truth, schema, metric)
    submission = render(prediction, ["a", "b", "c"], schema)
    scored = Answers(schema, metric, {"a": 0, "b": 1, "c": 2}, truth, np.ones(3, bool)).align(
        submission
    )
    assert metric(truth, scored.prediction) == pytest.approx(metric.best, abs=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_the_mean_of_the_truth_is_a_valid_submission(name):
    columns, truth = FORMS[name]
    metric, brief = brief_of(name, columns)
    schema = brief.submission
    means = np.tile(encode(truth, schema).mean(axis=0), (3, 1))
    submission = render(decode(means, truth, schema, metric), ["a", "b", "c"], schema)
    scored = Answers(schema, metric, {"a": 0, "b": 1, "c": 2}, truth, np.ones(3, bool)).align(
        submission
    )
    assert np.isfinite(metric(truth, scored.prediction))


def test_out_of_range_values_are_brought_into_range():
    metric, brief = brief_of("roc_auc", ("y",))
    wild = np.array([[-1.0], [0.5], [2.0]])
    assert decode(wild, np.zeros(3), brief.submission, metric).tolist() == [0.0, 0.5, 1.0]


def test_shares_without_mass_become_uniform():
    metric, brief = brief_of("log_loss_multiclass", LABELS)
    shares = decode(np.zeros((1, 3)), np.zeros(1, int), brief.submission, metric)
    assert shares.tolist() == [[1 / 3] * 3]
