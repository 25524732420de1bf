"""A setting that helps in one mode, harms in another and does nothing in the third."""

from typing import ClassVar, Self

import numpy as np
from pydantic import model_validator

from sandmle_gym.families.table import Category, Quantity, words
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Slope(Unit):
    """Effect: the setting times +1, -1 or 0 by mode."""

    kind: str = "slope"
    hidden: ClassVar[str] = (
        "the number acts upwards in one mode, downwards in another and not at all in the third"
    )
    column: Quantity
    mode: Category

    gain: ClassVar[float] = 0.60
    spoilers: ClassVar[tuple[str, ...]] = ("interaction", "slope", "opposite sign")

    @model_validator(mode="after")
    def _three_modes(self) -> Self:
        if len(self.mode.levels) != 3:
            raise ValueError("`mode` needs exactly three levels")
        return self

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the setting and the mode independently."""
        mode = rng.randint(3, size=rows)
        slopes = rng.permutation([1.0, -1.0, 0.0])
        values = self.column.scaled(rng.normal(size=rows))
        name, label = self.column.name, self.mode.name
        return Part(
            columns={name: self.column.cells(values), label: words(self.mode.levels, mode)},
            effect=slopes[mode] * self.column.standard(values),
            features=(
                f'centred = both["{name}"] - both["{name}"].mean()\n'
                f'for level in sorted(both["{label}"].unique()):\n'
                f'    both["{name}_" + level] = centred * (both["{label}"] == level)\n'
                f'both = both.drop(columns=["{name}", "{label}"])\n'
            ),
        )
