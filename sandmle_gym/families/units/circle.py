"""A direction or a time of day: a number whose two ends meet."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from sandmle_gym.families.ingredient import Part, Unit
from sandmle_gym.families.table import Cells, Text


class Circle(Unit):
    """Effect: the cosine of the distance to a random preferred direction."""

    kind: Literal["circle"] = "circle"
    column: Text
    period: float = Field(default=360.0, gt=0)
    """Value at which the circle closes: 360 degrees, 24 hours."""
    digits: int = Field(default=0, ge=0, le=3)

    gain: ClassVar[float] = 0.25
    spoilers: ClassVar[tuple[str, ...]] = ("cosine", "sine", "circular", "cyclic", "wrap")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        values = np.round(rng.random_sample(rows) * self.period, self.digits) % self.period
        preferred = rng.random_sample() * self.period
        name = self.column.name
        return Part(
            columns={name: Cells(values, self.digits)},
            effect=np.cos(2 * np.pi * (values - preferred) / self.period),
            features=(
                f'angle = 2 * np.pi * both["{name}"] / {self.period}\n'
                f'both["{name}_cos"], both["{name}_sin"] = np.cos(angle), np.sin(angle)\n'
                f'both = both.drop(columns="{name}")\n'
            ),
        )
