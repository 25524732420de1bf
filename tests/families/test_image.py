"""Laws of the families of pictures."""

import numpy as np
import pytest

from sandmle_gym.families.image import budget
from sandmle_gym.families.image.canvas import clouds, developed, shuffled, stamp
from sandmle_gym.families.image.card import Seen, cast
from sandmle_gym.families.image.traps import Audit, Cameras, Exposed, Stripe
from sandmle_gym.families.oracle import class_posterior
from sandmle_gym.seeding import stream

PARTS = (
    budget.Part(factor="a", role="plain", share=0.2),
    budget.Part(factor="b", role="insight", share=0.5),
    budget.Part(factor="c", role="curved", share=0.3),
)
WORDS = {"name": "source", "about": "where it comes from"}


@pytest.fixture
def factors():
    return budget.draw_factors(("a", "b", "c"), 20_000, "law")


@pytest.fixture
def rows():
    latent = stream("law", "latent").normal(size=1200)
    pictures = np.full((1200, 24, 24), 100, np.uint8)
    return Exposed(pictures, {}, np.arange(1200), latent, train=200)


def test_the_hidden_number_is_standard_and_shared_out_as_told(factors):
    latent = budget.mix(PARTS, factors, 0.1, "law")
    assert abs(latent.values.std() - 1) < 0.02
    seen = [np.corrcoef(factors[name], latent.values)[0, 1] ** 2 for name in "ab"]
    assert seen == pytest.approx([0.9 * 0.2, 0.9 * 0.5], abs=0.02)


def test_a_curved_factor_correlates_with_nothing(factors):
    latent = budget.mix(PARTS, factors, 0.1, "law")
    assert abs(np.corrcoef(factors["c"], latent.values)[0, 1]) < 0.03
    assert np.corrcoef(factors["c"] ** 2, latent.values)[0, 1] ** 2 > 0.2


def test_the_oracle_is_calibrated(factors):
    latent = budget.mix(PARTS, factors, 0.3, "law")
    told = class_posterior(latent.mean, latent.spread, (0.4,))[:, 1]
    came = latent.values > 0.4
    for low in np.arange(0, 1, 0.2):
        bin_ = (told >= low) & (told < low + 0.2)
        assert abs(told[bin_].mean() - came[bin_].mean()) < 0.03


def test_a_disc_is_cut_off_at_the_edge_and_touches_no_other_picture():
    pictures = np.zeros((3, 10, 10, 3))
    at = (np.array([0.0, 5.0, 5.0]), np.array([9.0, 5.0, 5.0]))
    stamp(pictures, at, np.array([2.0, 0.0, 1.0]), np.ones((3, 3)))
    assert pictures[0, 0, 9].min() == 1
    assert pictures[0, :, :5].max() == 0
    assert pictures[1].max() == 0
    assert pictures[2, 5, 5].min() == 1
    assert 0 <= pictures.min() <= pictures.max() <= 1


def test_every_place_is_taken_once_and_a_pull_brings_places_forward():
    pull = np.where(np.arange(30) == 7, 5.0, 0.0) * np.ones((50, 1))
    order = shuffled(stream("law"), 50, 30, pull)
    assert (np.sort(order, axis=1) == np.arange(30)).all()
    assert (order[:, 0] == 7).all()


def test_light_becomes_bytes_in_range():
    field = clouds(stream("law"), 20, (24, 32), 3)
    assert field.shape == (20, 24, 32)
    assert developed(field).dtype == np.uint8
    assert {0, 255} <= set(developed(field).ravel().tolist())


def test_a_stripe_knows_train_and_nothing_of_test(rows):
    Stripe(hints=("x",)).spring(rows, stream("law"))
    tone = rows.pictures[:, -1, 0].astype(float)
    assert np.corrcoef(tone[:200], rows.latent[:200])[0, 1] > 0.8
    assert abs(np.corrcoef(tone[200:], rows.latent[200:])[0, 1]) < 0.12
    assert (rows.pictures[:, :-2] == 100).all()


def test_an_audit_swaps_targets_of_doubtful_train_rows_only(rows):
    Audit(name=WORDS, trusted="book", doubtful="talk", hints=("x",)).spring(rows, stream("law"))
    moved = rows.shown != np.arange(1200)
    doubtful = np.array(rows.columns["source"]) == "talk"
    assert not (moved & ~doubtful).any()
    assert not doubtful[200:].any()
    assert moved.sum() > 15
    assert rows.shown[:200].max() < 200


def test_cameras_are_blind_to_the_target(rows):
    Cameras(name=WORDS, old="one", new="two", hints=("x",)).spring(rows, stream("law"))
    old = np.array(rows.columns["source"]) == "one"
    assert (rows.pictures[old] < 100).all()
    assert (rows.pictures[~old] == 100).all()
    assert abs(np.corrcoef(old, rows.latent)[0, 1]) < 0.12


def test_roles_without_enough_factors_are_refused():
    seen = {"a": Seen(roles=("insight",), hints=("x",)), "b": Seen(roles=("curved",), hints=("x",))}
    with pytest.raises(ValueError, match="two insights"):
        cast(seen, stream("law"))
