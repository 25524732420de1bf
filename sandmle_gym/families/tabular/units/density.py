"""A weight and three edges: what counts is how densely the thing is packed."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.table import Amount
from sandmle_gym.families.tabular.ingredient import Part, Unit

COMMON = 0.7
"""Share of the variance of the logarithm of an edge that comes from the size of the thing."""
OWN = 0.45
"""Standard deviation of the logarithm of the density."""


class Density(Unit):
    """Effect: the logarithm of the weight over the product of the edges."""

    kind: str = "density"
    hidden: ClassVar[str] = (
        "the logarithm of the weight over the product of the edges; all four grow with the size"
    )
    weight: Amount
    length: Amount
    width: Amount
    height: Amount

    gain: ClassVar[float] = 0.6
    spoilers: ClassVar[tuple[str, ...]] = ("volume", "density", "product", "divide", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw edges that follow a common size, and a density that does not."""
        edges = (self.length, self.width, self.height)
        size, *own = rng.normal(size=(4, rows))
        steps = [np.sqrt(COMMON) * size + np.sqrt(1 - COMMON) * part for part in own]
        grown = sum(edge.spread * step for edge, step in zip(edges, steps, strict=True))
        values = [edge.scaled(step) for edge, step in zip(edges, steps, strict=True)]
        heavy = self.weight.scaled((grown + OWN * rng.normal(size=rows)) / self.weight.spread)
        columns = dict(zip((self.weight, *edges), (heavy, *values), strict=True))
        names = [amount.name for amount in columns]
        return Part(
            columns={amount.name: amount.cells(cells) for amount, cells in columns.items()},
            effect=np.round(np.log(heavy) - sum(np.log(edge) for edge in values), 6),
            features=(
                f"room = np.log(both[{names[1:]}]).sum(axis=1)\n"
                f'both["packing"] = np.log(both["{names[0]}"]) - room\n'
                f"both = both.drop(columns={names})\n"
            ),
        )
