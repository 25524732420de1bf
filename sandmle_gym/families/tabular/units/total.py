"""Two quantities that must add up to something between two hidden bounds."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.table import Quantity
from sandmle_gym.families.tabular.ingredient import Part, Unit

HALF_WIDTH = 0.6745
"""Half of a normal distribution lies within this many standard deviations."""


class Total(Unit):
    """Effect: whether the sum of both lies in the middle half of its distribution."""

    kind: str = "total"
    hidden: ClassVar[str] = "whether the sum of both lies in the middle half of its distribution"
    left: Quantity
    right: Quantity

    gain: ClassVar[float] = 0.42
    spoilers: ClassVar[tuple[str, ...]] = ("sum of", "add up", "added", "threshold")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw both quantities independently."""
        left = self.left.scaled(rng.normal(size=rows))
        right = self.right.scaled(rng.normal(size=rows))
        width = HALF_WIDTH * float(np.sqrt(self.left.spread**2 + self.right.spread**2))
        middle = self.left.centre + self.right.centre
        low, high = round(middle - width, 4), round(middle + width, 4)
        total = np.round(left + right, 6)
        a, b = self.left.name, self.right.name
        return Part(
            columns={a: self.left.cells(left), b: self.right.cells(right)},
            effect=((total > low) & (total < high)).astype(float),
            features=(
                f'both["{a}_and_{b}"] = both["{a}"] + both["{b}"]\n'
                f'both = both.drop(columns=["{a}", "{b}"])\n'
            ),
            basis=(
                f'both["{a}_and_{b}"] = both["{a}_and_{b}"].between({low}, {high}).astype(float)\n'
            ),
        )
