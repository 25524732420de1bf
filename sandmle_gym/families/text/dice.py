"""Many small random choices from one stream: `RandomState` takes ten microseconds for each, this takes one."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")

BLOCK = 4096


class Dice:
    """Chooses with the uniform numbers of a stream, drawn in blocks."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._units = _units(rng)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return next(self._units) < probability

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1."""
        return int(next(self._units) * bound)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, all equally likely."""
        return items[self.below(len(items))]

    def weighed(self, items: Sequence[Item], edges: Sequence[float]) -> Item:
        """Return one of the items; `edges` are the cumulative probabilities, the last one being 1."""
        unit = next(self._units)
        return next(item for item, edge in zip(items, edges, strict=True) if unit < edge)

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Return different items, in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]


def _units(rng: np.random.RandomState) -> Iterator[float]:
    while True:
        yield from rng.random_sample(BLOCK).tolist()
