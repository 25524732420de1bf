"""One quantity recorded in two units, with a column that says which."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from sandmle_gym.families.ingredient import Part, Unit
from sandmle_gym.families.table import Category, Quantity, words


class Mixup(Unit):
    """Effect: the quantity in the first unit. `factor` turns it into the second."""

    kind: str = "mixup"
    column: Quantity
    label: Category
    factor: float = Field(gt=0)

    gain: ClassVar[float] = 0.37
    spoilers: ClassVar[tuple[str, ...]] = ("convert", "multiply", "same unit")

    @model_validator(mode="after")
    def _two_units(self) -> Self:
        if len(self.label.levels) != 2:
            raise ValueError("`label` needs exactly two levels, the units")
        return self

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the quantity, and write 45 % of it in the second unit."""
        second = rng.random_sample(rows) < 0.45
        scale = np.where(second, self.factor, 1.0)
        plain = self.column.centre + self.column.spread * rng.normal(size=rows)
        shown = np.round(plain * scale, self.column.digits)
        name, unit = self.column.name, self.label.name
        factors = dict(zip(self.label.levels, (1.0, self.factor), strict=True))
        return Part(
            columns={
                name: self.column.cells(shown),
                unit: words(self.label.levels, second.astype(int)),
            },
            effect=shown / scale,
            features=(
                f'both["{name}"] = both["{name}"] / both["{unit}"].map({factors})\n'
                f'both = both.drop(columns="{unit}")\n'
            ),
        )
