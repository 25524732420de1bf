"""Survival: a time whose logarithm follows the latent, and which is not always seen to its end."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import About, Amount, Cells, Text
from sandmle_gym.families.tabular.family import Beside, Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.seeding import stream
from sandmle_gym.spec import Form

EVENT = "event"
"""Name of the column that tells seen ends from unseen ones; the metric knows it by this name."""

Spread = Annotated[float, Field(ge=0.3, le=1.2)]
Unseen = Annotated[float, Field(ge=0.1, le=0.6)]


class Duration(Text):
    """A time in a card."""

    median: float = Field(gt=0)
    digits: int = Field(default=1, ge=0, le=3)
    spread: tuple[Spread, Spread] = (0.6, 0.9)
    """Range of the standard deviation of the logarithm."""
    unseen: tuple[Unseen, Unseen] = (0.25, 0.4)
    """Range of the share of rows whose end was not seen."""
    event: About
    """What `event` says."""


class Watched(Amount):
    """A time in the knobs."""

    unseen: float
    event: About
    watch: int
    """Decides how long each row was watched."""


class TabularSurvival(TabularFamily):
    """The time is median * exp(spread * latent), or how long the row was watched if that is shorter.

    How long a row was watched is log-normal and independent of all else, so the order of the means of the
    latent is the best for the concordance.
    """

    name = "tabular_survival"
    metrics: ClassVar = {"concordance": Form.VALUE}
    card_target = Duration
    knobs = TabularKnobs[Watched]
    trains = (
        "Learn from times that were not seen to their end, without dropping them or taking them for ends; "
        "and build the features that raw columns hide."
    )

    def settle(self, target: Duration, rng: np.random.RandomState) -> Watched:
        """Choose the spread, and the share of unseen ends."""
        spread, unseen = (
            round(low + (high - low) * rng.random_sample(), 3)
            for low, high in (target.spread, target.unseen)
        )
        chosen = {"spread": spread, "unseen": unseen, "watch": rng.randint(2**31 - 1)}
        return Watched.model_validate({**target.model_dump(), **chosen})

    def decide(self, knobs: TabularKnobs[Watched], world: World) -> Decision:
        """Stop watching some rows; submit the median time."""
        target = knobs.target
        normal = stream("watch", target.watch).normal(size=len(world.latent))
        ahead = np.round(normal, 6)
        # where the two are equally spread, their distance has a known quantile
        cut = np.quantile(ahead - world.latent, target.unseen)
        watched = np.round(ahead - cut, 6)
        seen = world.latent <= watched
        time = target.scaled(np.minimum(world.latent, watched))
        best = target.median * np.exp(target.spread * world.mean)
        return Decision(
            target=target.cells(time),
            labels=(),
            oracle={target.name: [f"{value:.6g}" for value in best]},
            sample={target.name: f"{target.median:.{target.digits}f}"},
            beside={EVENT: Beside(Cells(seen.astype(float), 0), target.event)},
        )

    def fit(self, knobs: TabularKnobs[Watched]) -> Fit:
        """Complete the unseen ends, then fit the logarithm."""
        name = knobs.target.name
        answer = f'answer = {{"{name}": np.exp(new)}}\n'
        complete = "whole = completed_times({0}[: len(target)], np.log(target), seen)\n"
        return Fit(
            start=f'seen = train.pop("{EVENT}").to_numpy() == 1\n',
            trivial=f'answer = {{"{name}": np.median(target)}}\n',
            blend=f"{complete.format('linear')}oof, new = blend_values(linear, trees, whole, SEED)\n{answer}",
            expert=f"{complete.format('matrix')}oof, new = linear_values(matrix, whole, 0)\n{answer}",
        )


FAMILY = TabularSurvival()
