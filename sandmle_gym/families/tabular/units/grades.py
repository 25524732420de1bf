"""A scale of many words whose order only someone from the trade would know."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Category, Word, words
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Scale(Category):
    """The levels in their order, lowest first."""

    levels: tuple[Word, ...] = Field(min_length=16, max_length=24)


class Grades(Unit):
    """Effect: the place on the scale, rising or falling."""

    kind: str = "grades"
    hidden: ClassVar[str] = "the place on the scale acts linearly, up or down"
    column: Scale

    gain: ClassVar[float] = 0.70
    spoilers: ClassVar[tuple[str, ...]] = ("ordinal", "in order from", "ranked from")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw places on the scale, all equally likely."""
        place = rng.randint(len(self.column.levels), size=rows)
        name = self.column.name
        return Part(
            columns={name: words(self.column.levels, place)},
            effect=rng.choice([-1.0, 1.0]) * place,
            features=(
                f"scale = {list(self.column.levels)}\n"
                f'both["{name}"] = both["{name}"].map(scale.index).astype(float)\n'
            ),
        )
