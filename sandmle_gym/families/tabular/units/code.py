"""A packed identifier such as QX-07-B whose middle and end carry the signal."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit

Prefix = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")]


class Code(Unit):
    """Effect: a rising or falling number in the middle, plus half as much from the last letter."""

    kind: str = "code"
    hidden: ClassVar[str] = (
        "the number in the middle acts linearly, the letter at the end by "
        "value; the prefix means nothing"
    )
    column: Text
    prefixes: tuple[Prefix, ...] = Field(default=("QX", "LM", "TR", "ZK"), min_length=2)
    letters: str = Field(default="ABCDE", pattern=r"^[A-Z]{3,8}$")
    highest: int = Field(default=60, ge=20, le=999)
    """Largest number in the middle."""

    gain: ClassVar[float] = 0.75
    spoilers: ClassVar[tuple[str, ...]] = (
        "middle of the code",
        "last letter",
        "digits of the code",
    )

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw prefix, number and letter; the prefix means nothing."""
        prefix = rng.randint(len(self.prefixes), size=rows)
        number = rng.randint(1, self.highest + 1, size=rows)
        letter = rng.randint(len(self.letters), size=rows)
        weights = np.round(rng.permutation(np.linspace(-1.4, 1.4, len(self.letters))), 4)
        scaled = (2 * number - self.highest) / self.highest * np.sqrt(3)
        width = len(str(self.highest))
        codes = [
            f"{self.prefixes[p]}-{n:0{width}d}-{self.letters[c]}"
            for p, n, c in zip(prefix.tolist(), number.tolist(), letter.tolist(), strict=True)
        ]
        name = self.column.name
        return Part(
            columns={name: Cells(np.array(codes, dtype=object))},
            effect=rng.choice([-1.0, 1.0]) * scaled + 0.5 * weights[letter],
            features=(
                f'parts = both["{name}"].str.split("-", expand=True)\n'
                f'both["{name}_number"] = parts[1].astype(float)\n'
                f'both["{name}_letter"] = parts[2]\n'
                f'both = both.drop(columns="{name}")\n'
            ),
        )
