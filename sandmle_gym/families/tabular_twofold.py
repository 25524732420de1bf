"""Two skewed targets over one table: both are made of the same parts, which pull in different directions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from pydantic import model_validator

from sandmle_gym.families import oracle
from sandmle_gym.families.family import Drawn
from sandmle_gym.families.table import Amount
from sandmle_gym.families.tabular.card import TabularCard
from sandmle_gym.families.tabular.family import Beside, Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import DIGITS, World, standardised
from sandmle_gym.families.tabular_skewed import Skewed
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, MetricSpec


class Pair(Skewed):
    """Both targets in a card."""

    second: Skewed

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.name == self.second.name:
            raise ValueError(f"both targets are called {self.name!r}")
        return self


class Drawing(Amount):
    """Both targets in the knobs."""

    second: Amount
    mix: int
    """Decides how the parts make up the second."""


class TabularTwofold(TabularFamily):
    """Each target is median * exp(spread * latent).

    Both latents have the same parts in the same shares; the directions of the second are drawn anew, and at
    least one part pulls the other way.
    """

    name = "tabular_twofold"
    metrics: ClassVar = dict.fromkeys(("rmsle_columns", "spearman_columns"), Form.VALUE)
    card_target = Pair
    knobs = TabularKnobs[Drawing]
    trains = (
        "Predict two related quantities from one small table: engineer once, fit each by itself."
    )

    def check_card(self, card: TabularCard) -> None:
        """Refuse a second target with the name of another column."""
        parts = (*card.blocks, *card.units, *card.traps)
        texts = (
            *card.linear,
            *card.distractors,
            *(text for part in parts for text in part.columns),
        )
        second = card.target.model_dump()["second"]["name"]
        if second in {card.id_column, *(text.name for text in texts)}:
            raise ValueError(f"column names are used twice: {second}")

    def settle(self, target: Pair, rng: np.random.RandomState) -> Drawing:
        """Choose both spreads."""
        first, second = (_settled(one, rng) for one in (target, target.second))
        return Drawing.model_validate({**first, "second": second, "mix": rng.randint(2**31 - 1)})

    def decide(self, knobs: TabularKnobs[Drawing], world: World) -> Decision:
        """Mix the second latent, round both targets, submit what the metric asks of each."""
        first, second = knobs.target, knobs.target.second
        mean = _second_mean(knobs, world)
        error = stream("second", first.mix).normal(size=len(mean))
        latent = np.round(mean + world.spread * error, DIGITS)
        best = {
            target.name: [
                f"{value:.6g}" for value in _best(knobs.metric, target, centre, world.spread)
            ]
            for target, centre in ((first, world.mean), (second, mean))
        }
        return Decision(
            target=first.cells(first.scaled(world.latent)),
            labels=(),
            oracle=best,
            sample={
                target.name: f"{target.median:.{target.digits}f}" for target in (first, second)
            },
            beside={second.name: Beside(second.cells(second.scaled(latent)), second.about)},
        )

    def compose(
        self, knobs: TabularKnobs[Drawing], key: tuple[Label, ...], ids: Sequence[str]
    ) -> Drawn:
        """Say that there are two targets."""
        drawn = super().compose(knobs, key, ids)
        second = knobs.target.second
        task = f"{drawn.statement.task} Predict `{second.name}` ({second.about}) as well."
        targets = (knobs.target.name, second.name)
        return replace(drawn, statement=replace(drawn.statement, task=task, targets=targets))

    def fit(self, knobs: TabularKnobs[Drawing]) -> Fit:
        """Fit the logarithm of each."""
        names = (knobs.target.name, knobs.target.second.name)
        goals = dict(zip(names, ("target", "second"), strict=True))
        return Fit(
            start=f'second = train.pop("{names[1]}").to_numpy()\n',
            trivial=_answer(
                {
                    name: f'np.full(len(test), np.expm1(np.log1p(train["{name}"]).mean()))'
                    for name in names
                }
            ),
            blend=_answer(
                {
                    name: f"np.expm1(blend_values(linear, trees, np.log1p({goal}), SEED)[1])"
                    for name, goal in goals.items()
                }
            ),
            expert=_answer(
                {
                    name: f"np.expm1(linear_values(matrix, np.log1p({goal}), 0)[1])"
                    for name, goal in goals.items()
                }
            ),
        )


def _settled(target: Skewed, rng: np.random.RandomState) -> dict[str, object]:
    low, high = target.spread
    spread = round(low + (high - low) * rng.random_sample(), 3)
    return {**target.model_dump(exclude={"second"}), "spread": spread}


def _second_mean(knobs: TabularKnobs[Drawing], world: World) -> np.ndarray:
    """Mix the parts anew, the first two against each other."""
    parts = (world.linear, *world.blocks, *world.units)
    shares = (knobs.linear_share, *knobs.block_shares, *knobs.unit_shares)
    signs = stream("mix", knobs.target.mix).choice((-1.0, 1.0), size=len(parts))
    signs[1] = -signs[0]
    signal = np.zeros(knobs.rows)
    for part, share, sign in zip(parts, shares, signs.tolist(), strict=True):
        signal = signal + sign * np.sqrt(share) * standardised(part.effect)
    return np.round(np.sqrt(1 - knobs.noise) * standardised(signal), DIGITS)


def _best(metric: MetricSpec, target: Amount, mean: np.ndarray, spread: float) -> np.ndarray:
    """Submit the mean of log(1 + value) for RMSLE; for an order, any rising function of the mean."""
    single = MetricSpec(name="rmsle" if metric.name == "rmsle_columns" else "spearman")
    return oracle.positive_values(
        single, np.log(target.median) + target.spread * mean, target.spread * spread
    )


def _answer(values: Mapping[str, str]) -> str:
    cells = "".join(f'    "{name}": {value},\n' for name, value in values.items())
    return f"answer = {{\n{cells}}}\n"


FAMILY = TabularTwofold()
