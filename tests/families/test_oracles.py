"""The oracle is Bayes-optimal for the metric: no other decision is better, and no trained expert is."""

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sandmle_gym import families
from sandmle_gym.families import oracle
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.tabular.family import TabularFamily
from sandmle_gym.grading import parse
from sandmle_gym.metrics import get_metric
from sandmle_gym.seeding import stream
from sandmle_gym.spec import MetricSpec

PARAMS = {"pinball": {"quantile": 0.8}, "f_beta": {"beta": 0.5}, "map_at_k": {"k": 3}}


def metric_spec(name: str) -> MetricSpec:
    return MetricSpec(name=name, params=PARAMS.get(name, {}))


@pytest.mark.parametrize("name", ["rmse", "mae", "pinball"])
def test_no_other_number_is_better_for_a_normal_posterior(name):
    spread, spec = 0.7, metric_spec(name)
    truth = 3 + spread * stream("oracle", name).normal(size=100_000)
    best = oracle.values(spec, np.array([3.0]), spread)[0]
    assert_best(get_metric(spec), truth, best, [best + step for step in (-0.05, 0.05)])


@pytest.mark.parametrize("name", ["rmse", "mae", "pinball", "rmsle", "mape", "smape"])
@pytest.mark.parametrize("spread", [0.2, 0.8])
def test_no_other_number_is_better_for_a_log_normal_posterior(name, spread):
    spec, centre = metric_spec(name), 0.5
    truth = np.exp(centre + spread * stream("oracle", name).normal(size=200_000))
    best = oracle.positive_values(spec, np.array([centre]), spread)[0]
    assert_best(get_metric(spec), truth, best, [best * factor for factor in (0.95, 1.05)])


def assert_best(metric, truth, best, others):
    reached = metric.signed(metric(truth, np.full(len(truth), best)))
    for other in others:
        assert reached > metric.signed(metric(truth, np.full(len(truth), other)))


@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        *(
            (name, (0.4,))
            for name in ("accuracy", "balanced_accuracy", "f1_binary", "f_beta", "mcc")
        ),
        *((name, (-0.9, -0.2, 1.1)) for name in ("balanced_accuracy", "f1_macro", "mcc")),
    ],
)
def test_no_other_labels_are_better(name, cuts):
    posterior, truths = posterior_and_truths(cuts)
    spec = metric_spec(name)
    best = oracle.labels(spec, posterior)
    others = [posterior.argmax(axis=1), (posterior / posterior.mean(axis=0)).argmax(axis=1)]
    others += [(posterior * w).argmax(axis=1) for w in 1 + 0.5 * np.eye(len(cuts) + 1)]
    assert_best_on_average(get_metric(spec), truths, best, others)


@pytest.mark.parametrize("name", ["qwk", "mae", "rmse"])
def test_no_other_grades_are_better(name):
    posterior, truths = posterior_and_truths((-0.9, -0.2, 0.3, 1.1))
    spec = metric_spec(name)
    mean = (posterior * np.arange(5)).sum(axis=1)
    others = [posterior.argmax(axis=1), mean.round(), (mean + 0.2).round(), (mean - 0.2).round()]
    others = [other.astype(int) for other in others] + [mean] * (name != "qwk")
    assert_best_on_average(get_metric(spec), truths, oracle.grades(spec, posterior), others)


def posterior_and_truths(cuts):
    rng = stream("oracle", len(cuts))
    mean = 0.9 * rng.normal(size=3000)
    posterior = oracle.class_posterior(mean, 0.45, cuts)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    noise = 0.45 * rng.normal(size=(60, len(mean)))
    return posterior, [np.searchsorted(cuts, mean + draw) for draw in noise]


def assert_best_on_average(metric, truths, best, others):
    for other in others:
        gains = [metric.signed(metric(t, best)) - metric.signed(metric(t, other)) for t in truths]
        assert np.mean(gains) > -2 * np.std(gains) / np.sqrt(len(gains)) - 1e-12


CHOICES = [
    (family, metric)
    for family in families.family_names()
    if family.startswith("tabular_") and isinstance(get_family(family), TabularFamily)
    for metric in get_family(family).metrics
]


@pytest.mark.parametrize(("family", "name"), CHOICES)
def test_no_trained_expert_beats_the_oracle(family, name, cards, tmp_path, monkeypatch):
    """For every metric that a family allows; a failure means that the oracle decides for another one."""
    card = next(card for card in cards.values() if card.family == family)
    card = card.model_copy(update={"metrics": (metric_spec(name),)})
    bundle = families.draw(families.derive(card, 0))
    monkeypatch.chdir(tmp_path)
    for file, data in bundle.public.items():
        Path(file).write_bytes(data)
    with threadpool_limits(1):  # as in the sandbox; threads only slow down such small matrices
        exec(compile(bundle.private.witnesses["expert"], "expert", "exec"), {})
    expert = parse(bundle.brief, bundle.private.answers, Path("submission.csv").read_bytes())
    best = parse(bundle.brief, bundle.private.answers, bundle.private.oracle)
    metric, rng = best.metric, stream("bootstrap")
    truth, decided = best.rows("private")
    _, predicted = expert.rows("private")
    gaps = []
    for _ in range(50):
        rows = rng.randint(len(truth), size=len(truth))
        gaps.append(metric(truth[rows], predicted[rows]) - metric(truth[rows], decided[rows]))
    excess = metric.signed(expert.score()) - metric.signed(best.score())
    assert excess <= np.std(gaps)
