"""Pairs of members of a network: those with many friends in common are close."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.network import draw_links
from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Side, Unit

MEMBERS, TIES = 240, 2000


class Known(Side):
    """Undirected ties between members."""

    one: Text
    other: Text


class Acquaintance(Unit):
    """Effect: the logarithm of one plus the number of members that both ends of a pair are tied to."""

    kind: str = "acquaintance"
    hidden: ClassVar[str] = (
        "how many third members both ends of the pair are tied to, on a logarithmic scale"
    )
    left: Text
    right: Text
    prefix: str = Field(default="M", pattern=r"^[A-Z]{1,3}$")
    ties: Known

    gain: ClassVar[float] = 0.85
    spoilers: ClassVar[tuple[str, ...]] = ("in common", "both know", "count the", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw a network of members, and pairs of them that are not tied yet."""
        ties = draw_links(MEMBERS, TIES, rng)
        tied = np.zeros((MEMBERS, MEMBERS), dtype=np.int64)
        tied[ties[:, 0], ties[:, 1]] = tied[ties[:, 1], ties[:, 0]] = 1
        common = tied @ tied
        pairs = _pairs(tied, common, rows, rng)
        left, right = pairs.T
        codes = np.array([f"{self.prefix}{k:03d}" for k in rng.permutation(900)[:MEMBERS] + 100])
        cells = codes.astype(object)

        def files(ids: Sequence[str]) -> Mapping[str, bytes]:
            del ids
            return self.ties.write(*(codes[column].tolist() for column in ties.T))

        one, two = self.left.name, self.right.name
        return Part(
            columns={one: Cells(cells[left]), two: Cells(cells[right])},
            effect=np.round(np.log1p(common[left, right]), 6),
            features=(
                f'ties = pd.read_csv("{self.ties.file}")\n'
                f'shared = shared_neighbours(ties, both["{one}"], both["{two}"])\n'
                'both["shared"] = np.log1p(shared)\n'
                f'both = both.drop(columns=["{one}", "{two}"])\n'
            ),
            files=files,
        )


def _pairs(
    tied: np.ndarray, common: np.ndarray, rows: int, rng: np.random.RandomState
) -> np.ndarray:
    """Choose different pairs of untied members, half of them with friends in common; int (rows, 2)."""
    left, right = np.triu_indices(len(tied), k=1)
    open_pairs = np.flatnonzero(tied[left, right] == 0)
    close = common[left[open_pairs], right[open_pairs]] > 1
    near, far = (rng.permutation(open_pairs[which]) for which in (close, ~close))
    half = min(rows // 2, len(near))
    chosen = rng.permutation(np.concatenate([near[:half], far[: rows - half]]))
    return np.stack([left[chosen], right[chosen]], axis=1)
