"""Binary classification: whether the latent exceeds a hidden bound."""

from statistics import NormalDist
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.table import Text, Word, words
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular.family import Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.spec import Form

Rate = Annotated[float, Field(ge=0.1, le=0.9)]


class Outcome(Text):
    """A binary target in a card."""

    negative: Word = "no"
    positive: Word = "yes"
    rate: tuple[Rate, Rate] = (0.25, 0.5)
    """Range of the share of positive rows."""


class Bound(Outcome):
    """A binary target in the knobs."""

    cut: float
    """Latent above which the outcome is positive."""


class TabularBinary(TabularFamily):
    """The target is 0 or 1 where probabilities are asked for, and a word where labels are."""

    name = "tabular_binary"
    metrics: ClassVar = {
        **dict.fromkeys(("roc_auc", "average_precision", "log_loss", "brier"), Form.PROBABILITY),
        **dict.fromkeys(
            ("accuracy", "balanced_accuracy", "f1_binary", "f_beta", "mcc"), Form.LABEL
        ),
    }
    card_target = Outcome
    knobs = TabularKnobs[Bound]

    def settle(self, target: Outcome, rng: np.random.RandomState) -> Bound:
        """Choose the rate."""
        low, high = target.rate
        rate = low + (high - low) * rng.random_sample()
        cut = round(NormalDist().inv_cdf(1 - rate), 5)
        return Bound.model_validate({**target.model_dump(), "cut": cut})

    def decide(self, knobs: TabularKnobs[Bound], world: World) -> Decision:
        """Cut the latent; submit the probability, or the label that serves the metric."""
        target = knobs.target
        posterior = oracle.class_posterior(world.mean, world.spread, (target.cut,))
        positive = (world.latent > target.cut).astype(int)
        if self.form(knobs.metric) is Form.PROBABILITY:
            return Decision(
                target=words(("0", "1"), positive),
                labels=(),
                oracle={target.name: [f"{p:.6g}" for p in posterior[:, 1]]},
                sample={target.name: "0.5"},
            )
        labels = (target.negative, target.positive)
        best = oracle.labels(knobs.metric, posterior)
        return Decision(
            target=words(labels, positive),
            labels=labels,
            oracle={target.name: words(labels, best).text()},
            sample={target.name: target.negative},
        )

    def legend(self, knobs: TabularKnobs[Bound]) -> str:
        """Name both values, the positive one last."""
        target = knobs.target
        if self.form(knobs.metric) is Form.PROBABILITY:
            return f": 0 = {target.negative}, 1 = {target.positive}"
        return f": `{target.negative}` or `{target.positive}`"

    def fit(self, knobs: TabularKnobs[Bound]) -> Fit:
        """Fit both classes."""
        target = knobs.target
        labels = (target.negative, target.positive)
        return fits.classes(target.name, labels, knobs.metric, self.form(knobs.metric))


FAMILY = TabularBinary()
