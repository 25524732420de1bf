"""One quantity recorded in several units, with a column that says which."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from sandmle_gym.families.table import Category, Cells, Quantity, words
from sandmle_gym.families.tabular.ingredient import Part, Unit

FIRST_SHARE = 0.4
"""Share of rows in the first unit; the others have equal parts of the rest."""


class Mixup(Unit):
    """Effect: the quantity in the first unit."""

    kind: str = "mixup"
    hidden: ClassVar[str] = (
        "one quantity in several units; it acts linearly once all rows are in one unit"
    )
    column: Quantity
    """The quantity in the first unit; it is written with five significant digits."""
    label: Category
    factors: tuple[float, ...] = Field(min_length=2)
    """What turns the first unit into each; the first factor is 1."""

    gain: ClassVar[float] = 0.60
    spoilers: ClassVar[tuple[str, ...]] = ("convert", "multiply", "same unit")

    @model_validator(mode="after")
    def _one_factor_per_unit(self) -> Self:
        if len(self.factors) != len(self.label.levels) or self.factors[0] != 1:
            raise ValueError("`factors` needs one factor for each level of `label`, the first 1")
        return self

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the quantity and, independently, the unit that it is written in."""
        others = len(self.factors) - 1
        unit = (rng.random_sample(rows) >= FIRST_SHARE) * (1 + rng.randint(others, size=rows))
        scale = np.array(self.factors)[unit]
        plain = self.column.centre + self.column.spread * rng.normal(size=rows)
        shown = np.array([f"{value:.5g}" for value in (plain * scale).tolist()], dtype=object)
        name, label = self.column.name, self.label.name
        factors = dict(zip(self.label.levels, self.factors, strict=True))
        return Part(
            columns={name: Cells(shown), label: words(self.label.levels, unit)},
            effect=shown.astype(float) / scale,
            features=(
                f'both["{name}"] = both["{name}"] / both["{label}"].map({factors})\n'
                f'both = both.drop(columns="{label}")\n'
            ),
        )
