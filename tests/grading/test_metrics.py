"""Laws of metrics, for every registered one."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from sandmle_gym.errors import UndefinedScoreError, UnknownNameError, UserError
from sandmle_gym.metrics import get_metric, metric_names, metric_params
from sandmle_gym.metrics.metric import FORM_PARAMS
from sandmle_gym.spec import Form, MetricSpec

SEEDS = st.integers(0, 2**32 - 1)
ROWS = st.integers(1, 30)


def draw(lab, seed, rows):
    random = np.random.RandomState(seed)
    return lab.truth(random, rows), lab.prediction(random, rows)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, rows=ROWS)
def check_laws(lab, seed, rows):
    metric = lab.metric
    truth, prediction = draw(lab, seed, rows)
    score = metric(truth, prediction)
    assert isinstance(score, float)
    assert metric.low - 1e-9 <= score <= metric.high + 1e-9
    assert metric.signed(score) <= metric.signed(metric(truth, lab.perfect(truth))) + 1e-9
    order = np.random.RandomState(seed).permutation(rows)
    assert metric(truth[order], prediction[order]) == pytest.approx(score, rel=1e-9, abs=1e-12)


def test_scores_stay_in_their_bounds_below_the_perfect_one_whatever_the_order_of_rows(lab):
    check_laws(lab)


def test_a_perfect_prediction_scores_the_best_bound(lab):
    truth, _ = draw(lab, 3, 60)
    assert lab.metric(truth, lab.perfect(truth)) == pytest.approx(lab.metric.best, abs=1e-12)
    assert lab.metric.best == (lab.metric.high if lab.metric.greater_is_better else lab.metric.low)


def test_a_better_prediction_scores_better(lab):
    """Repairing half of the rows of a random prediction helps; that fixes the direction."""
    truth, prediction = draw(lab, 5, 400)
    repaired = prediction.copy()
    repaired[:200] = lab.perfect(truth)[:200]
    assert lab.metric.signed(lab.metric(truth, repaired)) > lab.metric.signed(
        lab.metric(truth, prediction)
    )


def test_one_row_has_a_score(lab):
    truth, prediction = draw(lab, 7, 1)
    assert np.isfinite(lab.metric(truth, prediction))


def test_metrics_say_what_they_are_in_one_sentence_without_open_ends(lab):
    text = lab.metric.title + lab.metric.description
    assert lab.metric.description.endswith(".")
    assert not set("{}\n") & set(text)


REFERENCES = {
    "accuracy": sk.accuracy_score,
    "average_precision": sk.average_precision_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "brier": sk.brier_score_loss,
    "f1_binary": sk.f1_score,
    "f1_macro": lambda t, p: sk.f1_score(t, p, average="macro"),
    "f1_micro": lambda t, p: sk.f1_score(t, p, average="micro"),
    "f_beta": lambda t, p: sk.fbeta_score(t, p, beta=2.0),
    "log_loss": sk.log_loss,
    "log_loss_multiclass": lambda t, p: sk.log_loss(t, p, labels=range(4)),
    "mae": sk.mean_absolute_error,
    "mape": sk.mean_absolute_percentage_error,
    "mcc": sk.matthews_corrcoef,
    "pearson": lambda t, p: stats.pearsonr(t, p).statistic,
    "pinball": lambda t, p: sk.mean_pinball_loss(t, p, alpha=0.8),
    "qwk": lambda t, p: sk.cohen_kappa_score(t, p, weights="quadratic"),
    "r2": sk.r2_score,
    "rmse": sk.root_mean_squared_error,
    "rmse_columns": sk.root_mean_squared_error,
    "rmsle": sk.root_mean_squared_log_error,
    "rmsle_columns": sk.root_mean_squared_log_error,
    "roc_auc": sk.roc_auc_score,
    "roc_auc_columns": sk.roc_auc_score,
    "roc_auc_ovr": lambda t, p: sk.roc_auc_score(t, p, multi_class="ovr"),
    "spearman": lambda t, p: stats.spearmanr(t, p).statistic,
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("seed", range(5))
def test_metrics_agree_with_scikit_learn_and_scipy(lab_of, name, seed):
    lab = lab_of(name)
    truth, prediction = draw(lab, seed, 120)
    assert lab.metric(truth, prediction) == pytest.approx(
        float(REFERENCES[name](truth, prediction)), rel=1e-9
    )


def test_ndcg_agrees_with_scikit_learn(lab_of):
    lab, items = lab_of("ndcg_at_k"), "pqrstuvw"
    truth, prediction = draw(lab, 0, 50)
    gains = np.array([[_gain(row, item) for item in items] for row in truth])
    # what is not listed comes after what is, and cannot be told apart by the first three places
    places = np.array([[_place(row, item) for item in items] for row in prediction])
    expected = [
        sk.ndcg_score(gains[[row]], -places[[row]], k=len(prediction[row])) for row in range(50)
    ]
    ideal = [_discounted(sorted(row, reverse=True)[:3]) for row in gains]
    short = [
        _discounted(sorted(row, reverse=True)[: len(p)])
        for row, p in zip(gains, prediction, strict=True)
    ]
    scaled = [e * s / i for e, s, i in zip(expected, short, ideal, strict=True)]
    assert lab.metric(truth, prediction) == pytest.approx(np.mean(scaled))


def test_map_at_k_is_kaggle_s(lab_of):
    """Worked by hand: hits at places 1 and 3 of 3, four relevant items."""
    metric = lab_of("map_at_k").metric
    truth, prediction = np.empty(1, dtype=object), np.empty(1, dtype=object)
    truth[0], prediction[0] = ("a", "b", "c", "d"), ("c", "x", "a")
    assert metric(truth, prediction) == pytest.approx((1 / 1 + 2 / 3) / 3)


def test_smape_is_worked_by_hand(lab_of):
    metric = lab_of("smape").metric
    assert metric(np.array([1.0, 0.0, 2.0]), np.array([3.0, 0.0, -2.0])) == pytest.approx(
        (1 + 0 + 2) / 3
    )


DEGENERATE = [
    ("roc_auc", [1.0, 1.0], [0.2, 0.4], 0.5),
    ("roc_auc_columns", [[1.0, 0.0], [1.0, 1.0]], [[0.2, 0.1], [0.4, 0.9]], 1.0),
    ("roc_auc_columns", [[1.0, 0.0]], [[0.2, 0.1]], 0.5),
    ("roc_auc_ovr", [1, 1], [[0.5, 0.5], [0.1, 0.9]], 0.5),
    ("average_precision", [0.0, 0.0], [0.2, 0.4], 0.0),
    ("f1_binary", [0, 0], [0, 0], 0.0),
    ("mcc", [0, 0, 1], [1, 1, 1], 0.0),
    ("qwk", [2, 2], [2, 2], 1.0),
    ("qwk", [2, 2], [1, 1], 0.0),
    ("r2", [3.0, 3.0], [3.0, 3.0], 1.0),
    ("r2", [3.0, 3.0], [3.0, 2.0], 0.0),
    ("spearman", [1.0, 2.0], [5.0, 5.0], 0.0),
    ("pearson", [0.1, 0.1, 0.1], [1.0, 2.0, 3.0], 0.0),
    ("pearson", [1.0, 2.0, 3.0], [0.1, 0.1, 0.1], 0.0),
    ("smape", [0.0], [0.0], 0.0),
    ("log_loss", [1.0], [0.0], 36.04365338911715),
]


@pytest.mark.parametrize(("name", "truth", "prediction", "score"), DEGENERATE)
def test_degenerate_input_has_the_stated_value(lab_of, name, truth, prediction, score):
    assert lab_of(name).metric(np.array(truth), np.array(prediction)) == pytest.approx(score)


def test_a_score_that_overflows_is_a_named_error(lab_of):
    with pytest.raises(UndefinedScoreError, match="RMSE"):
        lab_of("rmse").metric(np.zeros(2), np.full(2, 1e300))


def test_kappa_counts_steps_between_positions_even_where_a_class_is_absent(lab_of):
    """With class 1 absent, scikit-learn would count 0 -> 2 as one step."""
    truth, prediction = np.array([0, 2, 3, 3]), np.array([2, 2, 3, 0])
    assert lab_of("qwk").metric(truth, prediction) == pytest.approx(
        sk.cohen_kappa_score(truth, prediction, weights="quadratic", labels=[0, 1, 2, 3])
    )


@pytest.mark.parametrize(("name", "truth"), [("mape", [0.0, 1.0]), ("rmsle", [-0.5, 1.0])])
def test_truth_that_a_metric_cannot_score_is_refused(lab_of, name, truth):
    with pytest.raises(UserError, match="needs target values"):
        lab_of(name).metric.check_truth(np.array(truth))


def test_an_unknown_metric_names_its_neighbours():
    with pytest.raises(UnknownNameError, match="did you mean roc_auc"):
        get_metric(MetricSpec(name="roc_acu"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "needs the parameter 'k'"),
        ({"k": 0}, "not between"),
        ({"k": 2.5}, "not a whole number"),
        ({"k": 2, "kk": 3}, "unknown parameter of metric map_at_k 'kk'"),
    ],
)
def test_wrong_parameters_are_named(params, message):
    with pytest.raises(UserError, match=message):
        get_metric(MetricSpec(name="map_at_k", params=params))


def test_every_parameter_of_a_metric_is_declared_with_its_range(lab):
    parts = (lab.metric.function, lab.metric.rows, lab.metric.summary)
    keywords = {
        name
        for part in parts
        if part is not None
        for name, parameter in inspect.signature(getattr(part, "func", part)).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    shape = set(FORM_PARAMS.get(lab.metric.form, ()))
    assert keywords | shape == set(metric_params(lab.metric.name))


def test_a_scorer_scores_any_choice_of_rows_as_the_metric_does(lab):
    truth, prediction = draw(lab, 11, 40)
    score, random = lab.metric.scorer(truth, prediction), np.random.RandomState(0)
    for _ in range(5):
        chosen = random.randint(0, 40, size=40)
        expected = lab.metric(truth[chosen], prediction[chosen])
        assert score(chosen) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_every_form_has_a_metric():
    assert {get_metric_form(name) for name in metric_names()} == set(Form)


def test_importing_metrics_and_grading_imports_no_large_library():
    """They are imported wherever an environment is made."""
    program = (
        "import sys, sandmle_gym.grading, sandmle_gym.metrics, sandmle_gym.rewards; "
        "print(sorted({'pandas', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def get_metric_form(name):
    params = {key: 0.5 if not p.whole else 3 for key, p in metric_params(name).items()}
    return get_metric(MetricSpec(name=name, params=params)).form


def _gain(relevant, item):
    return len(relevant) - relevant.index(item) if item in relevant else 0


def _place(ranked, item):
    return ranked.index(item) if item in ranked else 99


def _discounted(gains):
    return sum(gain / np.log2(place + 1) for place, gain in enumerate(gains, 1))
