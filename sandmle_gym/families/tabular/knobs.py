"""The knobs of a tabular task, and how a card and a stream of random numbers set them."""

from typing import TYPE_CHECKING, Annotated, Generic, Self, TypeVar

import numpy as np
from pydantic import Field, SerializeAsAny, model_validator

from sandmle_gym.families.assembly import Knobs
from sandmle_gym.families.family import common
from sandmle_gym.families.table import Category, Quantity, Text
from sandmle_gym.families.tabular.blocks import AnyBlock
from sandmle_gym.families.tabular.ingredient import Block, Unit
from sandmle_gym.families.tabular.traps import ORDER, AnyTrap, Slips, Trap
from sandmle_gym.families.tabular.units import AnyUnit

if TYPE_CHECKING:
    from sandmle_gym.families.tabular.card import TabularCard

T = TypeVar("T", bound=Text)

FIRST_UNIT = 1.25
"""How much more than its like the first unit weighs: one insight must be worth a medal by itself."""

FLAT_BLOCK = 0.5
"""How much a block that is not curved weighs against one that is."""

Share = Annotated[float, Field(gt=0, lt=1)]


class TabularKnobs(Knobs, Generic[T]):
    """All that decides a tabular task."""

    target: SerializeAsAny[T]
    noise: Share
    linear_share: Share
    linear: tuple[Quantity, ...] = Field(min_length=2)
    block_shares: tuple[Share, ...]
    blocks: tuple[AnyBlock, ...]
    unit_shares: tuple[Share, ...]
    units: tuple[AnyUnit, ...]
    distractors: tuple[Quantity | Category, ...]
    traps: tuple[AnyTrap, ...]

    @model_validator(mode="after")
    def _whole_budget(self) -> Self:
        total = self.linear_share + sum(self.block_shares) + sum(self.unit_shares)
        if abs(total - 1) > 1e-3:
            raise ValueError(f"the shares of the signal sum to {total:.4f}, not to 1")
        for trap in self.traps:
            if isinstance(trap, Slips) and trap.column not in {c.name for c in self.linear}:
                raise ValueError(f"the trap slips names {trap.column!r}, which is no linear column")
        if len(self.blocks) != len(self.block_shares) or len(self.units) != len(self.unit_shares):
            raise ValueError("every block and every unit needs one share")
        return self


def set_knobs(card: "TabularCard", rng: np.random.RandomState, attempt: int) -> dict[str, object]:
    """Draw the knobs that all tabular families share; `target` is left to the family.

    Each attempt after a failed gate lowers the noise by a tenth and moves some variance to the
    insights, so that the rungs of the ladder stand further apart.
    """
    ranges = card.ranges
    noise = _within(rng, ranges.noise) * 0.9**attempt
    linear = _within(rng, ranges.linear)
    insight = min(_within(rng, ranges.insight) + 0.01 * attempt, 0.9 - linear)
    units = _units(rng, card.units, min(2 + (rng.random_sample() < 0.6), ranges.most_units))
    blocks = _blocks(rng, card.blocks)
    plain = _some(rng, card.linear, 2 + (rng.random_sample() < 0.6))
    return {
        **common(
            card, rng, public_rows=300 + 20 * rng.randint(6), private_rows=ranges.private_rows
        ),
        "noise": round(noise, 4),
        "linear_share": round(linear, 4),
        "linear": plain,
        "blocks": blocks,
        "block_shares": _split(
            rng,
            1 - round(linear, 4) - round(insight, 4),
            [1.0 if block.curved else FLAT_BLOCK for block in blocks],
        ),
        "units": units,
        "unit_shares": _split(rng, round(insight, 4), _weights(units)),
        "distractors": _some(rng, card.distractors, 1 + (rng.random_sample() < 0.5)),
        "traps": _traps(card, rng, {column.name for column in plain}),
    }


def _traps(card: "TabularCard", rng: np.random.RandomState, columns: set[str]) -> tuple[Trap, ...]:
    """Choose no trap, one, or rarely two, in the order in which they spring."""
    possible = [t for t in card.traps if not isinstance(t, Slips) or t.column in columns]
    wanted = (rng.random_sample() < card.ranges.trap) * (1 + (rng.random_sample() < 0.3))
    chosen = _some(rng, tuple(possible), min(int(wanted), len(possible)))
    return tuple(sorted(chosen, key=lambda trap: ORDER.index(trap.kind)))


Item = TypeVar("Item")


def _some(rng: np.random.RandomState, items: tuple[Item, ...], count: int) -> tuple[Item, ...]:
    """Choose items without repetition."""
    return tuple(items[k] for k in rng.permutation(len(items))[:count])


def _units(rng: np.random.RandomState, units: tuple[Unit, ...], count: int) -> tuple[Unit, ...]:
    """Choose units; those that every task has come first."""
    shuffled = _some(rng, units, len(units))
    return tuple(sorted(shuffled, key=lambda unit: not unit.always))[:count]


def _within(rng: np.random.RandomState, bounds: tuple[float, float]) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * rng.random_sample()


def _blocks(rng: np.random.RandomState, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Choose one block or two, the first a curved one: the expert's step needs it."""
    first = _some(rng, tuple(block for block in blocks if block.curved), 1)
    others = tuple(block for block in blocks if block not in first)
    return first + _some(rng, others, int(rng.random_sample() < 0.5))


def _weights(units: tuple[Unit, ...]) -> list[float]:
    return [(1.0 if place else FIRST_UNIT) / unit.gain for place, unit in enumerate(units)]


def _split(rng: np.random.RandomState, whole: float, weights: list[float]) -> tuple[float, ...]:
    """Split a share by weights, each varied by up to a quarter."""
    sizes = np.array(weights) * (0.75 + 0.5 * rng.random_sample(len(weights)))
    return tuple(round(float(size / sizes.sum() * whole), 5) for size in sizes)
