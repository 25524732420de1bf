"""A level that means something only against the others of the same group."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Quantity, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit

ROWS_PER_GROUP = 60


class Peers(Unit):
    """Effect: the deviation from the mean of the group, which train and test rows estimate together."""

    kind: str = "peers"
    hidden: ClassVar[str] = (
        "the deviation from the mean of the group, which train and test rows together estimate best"
    )
    group: Text
    prefix: str = Field(default="S", max_length=8)
    level: Quantity
    """`spread` is the one within a group; group means spread three times as far."""

    gain: ClassVar[float] = 0.85
    spoilers: ClassVar[tuple[str, ...]] = ("deviation", "subtract", "minus the mean", "group mean")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw groups of about `ROWS_PER_GROUP` rows and a level around each group's mean."""
        groups = max(12, rows // ROWS_PER_GROUP)
        member = rng.randint(groups, size=rows)
        base = 3.0 * rng.normal(size=groups)
        values = self.level.scaled(base[member] + rng.normal(size=rows))
        labels = [f"{self.prefix}{k:03d}" for k in rng.permutation(900)[:groups] + 100]
        group, level = self.group.name, self.level.name
        return Part(
            columns={
                group: Cells(np.array(labels, dtype=object)[member]),
                level: self.level.cells(values),
            },
            effect=self.level.standard(values) - base[member],
            features=(
                f'usual = both.groupby("{group}")["{level}"].transform("mean")\n'
                f'both["{level}"] = both["{level}"] - usual\n'
                f'both = both.drop(columns="{group}")\n'
            ),
        )
