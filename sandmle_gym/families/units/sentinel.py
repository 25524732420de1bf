"""A reading that could not always be taken, where that itself tells something."""

from typing import ClassVar, Literal

import numpy as np

from sandmle_gym.families.ingredient import Part, Unit
from sandmle_gym.families.table import Quantity


class Sentinel(Unit):
    """Effect: the reading, or a fixed high or low value where `code` stands in its place."""

    kind: Literal["sentinel"] = "sentinel"
    column: Quantity
    code: float = -999.0

    gain: ClassVar[float] = 0.26
    spoilers: ClassVar[tuple[str, ...]] = ("indicator", "missing flag")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        missing = rng.random_sample(rows) < 0.25
        reading = self.column.scaled(rng.normal(size=rows))
        level = rng.choice([-1.5, 1.5])
        name = self.column.name
        return Part(
            columns={name: self.column.cells(np.where(missing, self.code, reading))},
            effect=np.where(missing, level, self.column.standard(reading)),
            features=(
                f'missing = both["{name}"] == {self.code}\n'
                f'both["{name}_missing"] = missing.astype(float)\n'
                f'both["{name}"] = both["{name}"].mask(missing).fillna('
                f'both["{name}"][~missing].mean())\n'
            ),
        )
