"""Members of a network: what counts is not one's own level but that of the company one keeps."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from sandmle_gym.families.network import draw_links
from sandmle_gym.families.table import Amount, Quantity, Text
from sandmle_gym.families.tabular.ingredient import Part, Side, Unit, pick

LINKS_PER_ROW = 4


class Ties(Side):
    """Undirected links between the rows of a task."""

    left: Text
    right: Text
    strength: Amount


class Company(Unit):
    """Effect: the mean level of those one is linked with, weighted by the strength of the links."""

    kind: str = "company"
    hidden: ClassVar[str] = (
        "the mean of the level over the neighbours in the network, weighted by the strength of the "
        "links; a row's own level means nothing"
    )
    level: Quantity
    ties: Ties

    gain: ClassVar[float] = 0.85
    spoilers: ClassVar[tuple[str, ...]] = ("neighbour", "weighted", "mean of")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw levels, and a network over all rows."""
        values = self.level.scaled(rng.normal(size=rows))
        pairs = draw_links(rows, LINKS_PER_ROW * rows, rng)
        strength = self.ties.strength.scaled(rng.normal(size=len(pairs)))
        ends, others = np.concatenate([pairs, pairs[:, ::-1]]).T
        weights = np.tile(strength, 2)
        total = np.bincount(ends, weights, minlength=rows)
        level = np.bincount(ends, weights * values[others], minlength=rows)
        alone = total == 0
        mean = np.where(alone, values.mean(), level / np.where(alone, 1.0, total))
        cells = self.ties.strength.cells(strength).text()

        def files(ids: Sequence[str]) -> Mapping[str, bytes]:
            return self.ties.write(pick(ids, pairs[:, 0]), pick(ids, pairs[:, 1]), cells)

        name, ties = self.level.name, self.ties
        return Part(
            columns={name: self.level.cells(values)},
            effect=self.level.standard(np.round(mean, 6)),
            features=(
                f'ties = pd.read_csv("{ties.file}")\n'
                f'both["{name}_around"] = company(ties, names, both["{name}"].to_numpy())\n'
                f'both = both.drop(columns="{name}")\n'
            ),
            files=files,
        )
