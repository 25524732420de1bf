"""Free text in which a handful of telling words are scattered among filler."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit

MOST = 4
"""Largest count of either kind of word in one note."""

Plain = Annotated[str, Field(pattern=r"^[a-z]+$", max_length=20)]


class Notes(Unit):
    """Effect: how many `raising` words there are, less how many `lowering` ones."""

    kind: str = "notes"
    hidden: ClassVar[str] = "the count of raising words less the count of lowering words"
    column: Text
    raising: tuple[Plain, ...] = Field(min_length=3)
    lowering: tuple[Plain, ...] = Field(min_length=3)
    filler: tuple[Plain, ...] = Field(min_length=10)

    gain: ClassVar[float] = 0.74
    spoilers: ClassVar[tuple[str, ...]] = ("count the words", "number of words", "positive words")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the counts of telling words and scatter them among filler."""
        up = np.minimum(rng.poisson(1.0, size=rows), MOST)
        down = np.minimum(rng.poisson(1.0, size=rows), MOST)
        length = up + down + rng.randint(5, 10, size=rows)
        name = self.column.name
        return Part(
            columns={name: Cells(np.array(self._write(up, down, length, rng), dtype=object))},
            effect=(up - down).astype(float),
            features=(
                f'for kind, vocabulary in (("up", {list(self.raising)}), '
                f'("down", {list(self.lowering)})):\n'
                f'    found = both["{name}"].str.split().explode().isin(vocabulary)\n'
                f'    both["{name}_" + kind] = found.groupby(level=0).sum().astype(float)\n'
                f'both = both.drop(columns="{name}")\n'
            ),
        )

    def _write(
        self, up: np.ndarray, down: np.ndarray, length: np.ndarray, rng: np.random.RandomState
    ) -> list[str]:
        """Fill the places of each note by vocabulary, then put them in random order."""
        rows, places = len(up), 2 * MOST + 9
        place = np.arange(places)
        vocabulary = (place >= up[:, None]).astype(int) + (place >= (up + down)[:, None])
        sizes = np.array([len(self.raising), len(self.lowering), len(self.filler)])
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        picked = starts[vocabulary] + rng.randint(1 << 30, size=(rows, places)) % sizes[vocabulary]
        order = np.where(place < length[:, None], rng.random_sample((rows, places)), 2.0).argsort(
            axis=1, kind="stable"
        )
        texts = [*self.raising, *self.lowering, *self.filler]
        shuffled = np.take_along_axis(picked, order, axis=1).tolist()
        return [
            " ".join([texts[k] for k in row[:size]])
            for row, size in zip(shuffled, length.tolist(), strict=True)
        ]
