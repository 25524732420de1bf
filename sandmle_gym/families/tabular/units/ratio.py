"""Two amounts of which only the one relative to the other matters."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.table import Amount
from sandmle_gym.families.tabular.ingredient import Part, Unit

COMMON = 0.85
"""Share of the variance of the logarithms that both amounts have in common."""


class Ratio(Unit):
    """Effect: log(top / bottom). Both grow with the size of the thing, which says nothing by itself."""

    kind: str = "ratio"
    hidden: ClassVar[str] = (
        "only the logarithm of the first over the second matters; both grow "
        "with the size of the thing"
    )
    top: Amount
    bottom: Amount

    gain: ClassVar[float] = 0.43
    spoilers: ClassVar[tuple[str, ...]] = ("ratio", "divide", "quotient", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw both amounts with a common size."""
        size, left, right = rng.normal(size=(3, rows))
        top = self.top.scaled(np.sqrt(COMMON) * size + np.sqrt(1 - COMMON) * left)
        bottom = self.bottom.scaled(np.sqrt(COMMON) * size + np.sqrt(1 - COMMON) * right)
        a, b = self.top.name, self.bottom.name
        return Part(
            columns={a: self.top.cells(top), b: self.bottom.cells(bottom)},
            effect=np.log(top) - np.log(bottom),
            features=(
                f'both["{a}_to_{b}"] = np.log(both["{a}"] / both["{b}"])\n'
                f'both = both.drop(columns=["{a}", "{b}"])\n'
            ),
        )
