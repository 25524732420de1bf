"""A string of letters whose meaning is neither a number nor a category."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit

LENGTH = 10


class Letters(Unit):
    """Effect: how many different letters the string holds."""

    kind: str = "letters"
    hidden: ClassVar[str] = (
        "how many different letters the string holds; which they are means nothing"
    )
    column: Text
    alphabet: str = Field(default="ABCDEFGHIJKLMNOPQRST", pattern=r"^[A-Z]{16,26}$")

    gain: ClassVar[float] = 0.85
    spoilers: ClassVar[tuple[str, ...]] = ("different letters", "distinct", "unique", "count the")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw a pool of letters for every row, and its string from the pool."""
        pool = np.argsort(rng.random_sample((rows, len(self.alphabet))), axis=1, kind="stable")
        size = rng.randint(2, LENGTH + 1, size=rows)
        places = rng.randint(1 << 30, size=(rows, LENGTH)) % size[:, None]
        picked = np.take_along_axis(pool, places, axis=1)
        strings = ["".join(self.alphabet[k] for k in row) for row in picked.tolist()]
        name = self.column.name
        return Part(
            columns={name: Cells(np.array(strings, dtype=object))},
            effect=np.array([len(set(text)) for text in strings], dtype=float),
            features=(
                f'both["{name}_kinds"] = both["{name}"].map(lambda text: len(set(text)))\n'
                f'both = both.drop(columns="{name}")\n'
            ),
        )
