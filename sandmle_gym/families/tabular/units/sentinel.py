"""A reading that could not always be taken, where that itself tells something."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.table import Cells, Quantity, Word
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Sentinel(Unit):
    """Effect: the reading, or a fixed high or low value where `code` stands in its place.

    The code is a word, as in so many logs, so that the column is text until someone reads it.
    """

    kind: str = "sentinel"
    hidden: ClassVar[str] = (
        "the reading acts linearly; where a word stands in its place, a fixed "
        "high or low level does"
    )
    column: Quantity
    code: Word

    gain: ClassVar[float] = 0.80
    spoilers: ClassVar[tuple[str, ...]] = ("indicator", "missing flag", "informative")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw readings, a quarter of them not taken."""
        missing = rng.random_sample(rows) < 0.25
        reading = self.column.scaled(rng.normal(size=rows))
        level = rng.choice([-1.5, 1.5])
        texts = self.column.cells(reading).text()
        cells = [self.code if gone else text for text, gone in zip(texts, missing, strict=True)]
        name = self.column.name
        return Part(
            columns={name: Cells(np.array(cells, dtype=object))},
            effect=np.where(missing, level, self.column.standard(reading)),
            features=(
                f'missing = both["{name}"] == "{self.code}"\n'
                f'both["{name}_missing"] = missing.astype(float)\n'
                f'both["{name}"] = pd.to_numeric(both["{name}"].mask(missing))\n'
                f'both["{name}"] = both["{name}"].fillna(both["{name}"].mean())\n'
            ),
        )
