"""A counter that runs on, of which only the place within its turn matters: an encoder, a plant clock."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Circle(Unit):
    """Effect: the cosine of the distance to a random preferred place in the turn."""

    kind: str = "circle"
    hidden: ClassVar[str] = "a counter that runs on; the place within its turn acts as a wave"
    column: Text
    period: float = Field(gt=0)
    """Length of a turn: 24 hours, 360 degrees. The card's words should say it."""
    turns: int = Field(default=30, ge=8, le=400)
    digits: int = Field(default=1, ge=0, le=3)

    gain: ClassVar[float] = 0.80
    spoilers: ClassVar[tuple[str, ...]] = ("cosine", "sine", "cyclic", "modulo", "remainder")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw counts over all turns, all equally likely."""
        values = np.round(rng.random_sample(rows) * self.period * self.turns, self.digits)
        preferred = rng.random_sample() * self.period
        name = self.column.name
        return Part(
            columns={name: Cells(values, self.digits)},
            effect=np.cos(2 * np.pi * (values - preferred) / self.period),
            features=(
                f'angle = 2 * np.pi * (both["{name}"] % {self.period}) / {self.period}\n'
                f'both["{name}_cos"], both["{name}_sin"] = np.cos(angle), np.sin(angle)\n'
                f'both = both.drop(columns="{name}")\n'
            ),
        )
