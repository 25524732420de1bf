"""The paired bootstrap measures what it claims to measure."""

import numpy as np
import pytest

from sandmle_gym.certify.bootstrap import Resamples, standard_error
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import MetricSpec

MAE = get_metric(MetricSpec(name="mae"))


def test_the_standard_error_of_a_mean_is_the_textbook_one():
    truth = np.random.RandomState(0).normal(size=2000) ** 2
    scores = Resamples.draw(2000, "law").scores(MAE, truth, np.zeros(2000))
    assert standard_error(scores) == pytest.approx(truth.std() / np.sqrt(2000), rel=0.15)


def test_noise_that_two_predictions_share_cancels():
    random = np.random.RandomState(1)
    truth = random.normal(size=1000)
    resamples = Resamples.draw(1000, "pair")
    first = resamples.scores(MAE, truth, truth + 1.0)
    second = resamples.scores(MAE, truth, truth + 1.5)
    assert standard_error(second - first) < 1e-12


def test_lower_is_better_is_turned_around():
    scores = Resamples.draw(10, "sign", draws=3).scores(MAE, np.zeros(10), np.ones(10))
    assert scores.tolist() == [-1.0] * 3


def test_resamples_depend_on_their_key_only():
    assert (Resamples.draw(50, "a").rows == Resamples.draw(50, "a").rows).all()
    assert (Resamples.draw(50, "a").rows != Resamples.draw(50, "b").rows).any()
