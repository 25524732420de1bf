"""Regression: a number that follows the latent linearly."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.table import Quantity
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular.family import Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.spec import Form


class Number(Quantity):
    """A target with digits enough that ties are rare."""

    digits: int = Field(default=3, ge=1, le=5)


class TabularRegression(TabularFamily):
    """The target is centre + spread * latent."""

    name = "tabular_regression"
    metrics: ClassVar = dict.fromkeys(
        ("rmse", "mae", "r2", "pinball", "spearman", "pearson"), Form.VALUE
    )
    card_target = Number
    knobs = TabularKnobs[Number]

    def settle(self, target: Number, rng: np.random.RandomState) -> Number:  # noqa: ARG002
        """Keep the target as the card has it."""
        return target

    def decide(self, knobs: TabularKnobs[Number], world: World) -> Decision:
        """Round the target; submit the posterior's mean or quantile."""
        target = knobs.target
        best = oracle.values(knobs.metric, world.mean, world.spread)
        return Decision(
            target=target.cells(target.scaled(world.latent)),
            labels=(),
            oracle={target.name: [f"{v:.6g}" for v in target.centre + target.spread * best]},
            sample={target.name: f"{target.centre:.{target.digits}f}"},
        )

    def fit(self, knobs: TabularKnobs[Number]) -> Fit:
        """Fit the number itself."""
        return fits.values(knobs.target.name, knobs.metric, "identity")


FAMILY = TabularRegression()
