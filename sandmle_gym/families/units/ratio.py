"""Two amounts of which only the one relative to the other matters."""

from typing import ClassVar, Literal

import numpy as np

from sandmle_gym.families.ingredient import Part, Unit
from sandmle_gym.families.table import Amount


class Ratio(Unit):
    """Effect: log(top / bottom)."""

    kind: Literal["ratio"] = "ratio"
    top: Amount
    bottom: Amount

    gain: ClassVar[float] = 0.19
    spoilers: ClassVar[tuple[str, ...]] = ("ratio", "divide", "quotient", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        top = self.top.scaled(rng.normal(size=rows))
        bottom = self.bottom.scaled(rng.normal(size=rows))
        a, b = self.top.name, self.bottom.name
        return Part(
            columns={a: self.top.cells(top), b: self.bottom.cells(bottom)},
            effect=np.log(top) - np.log(bottom),
            features=(
                f'both["{a}_to_{b}"] = np.log(both["{a}"] / both["{b}"])\n'
                f'both = both.drop(columns=["{a}", "{b}"])\n'
            ),
        )
