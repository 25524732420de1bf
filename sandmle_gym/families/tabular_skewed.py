"""Skewed regression: a positive number whose logarithm follows the latent."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.table import Amount, Text
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular.family import Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.spec import Form

Spread = Annotated[float, Field(ge=0.3, le=1.2)]


class Skewed(Text):
    """A positive target in a card."""

    median: float = Field(gt=0)
    spread: tuple[Spread, Spread] = (0.6, 0.9)
    """Range of the standard deviation of the logarithm."""
    digits: int = Field(default=2, ge=0, le=5)


class TabularSkewed(TabularFamily):
    """The target is median * exp(spread * latent)."""

    name = "tabular_skewed"
    metrics: ClassVar = dict.fromkeys(
        ("rmsle", "mape", "smape", "mae", "pinball", "spearman"), Form.VALUE
    )
    card_target = Skewed
    knobs = TabularKnobs[Amount]

    def settle(self, target: Skewed, rng: np.random.RandomState) -> Amount:
        """Choose the spread."""
        low, high = target.spread
        spread = round(low + (high - low) * rng.random_sample(), 3)
        return Amount.model_validate({**target.model_dump(), "spread": spread})

    def decide(self, knobs: TabularKnobs[Amount], world: World) -> Decision:
        """Round the target; submit what the metric asks of a log-normal posterior."""
        target = knobs.target
        best = oracle.positive_values(
            knobs.metric,
            np.log(target.median) + target.spread * world.mean,
            target.spread * world.spread,
        )
        return Decision(
            target=target.cells(target.scaled(world.latent)),
            labels=(),
            oracle={target.name: [f"{value:.6g}" for value in best]},
            sample={target.name: f"{target.median:.{target.digits}f}"},
        )

    def fit(self, knobs: TabularKnobs[Amount]) -> Fit:
        """Fit the logarithm."""
        return fits.values(knobs.target.name, knobs.metric, "log")


FAMILY = TabularSkewed()
