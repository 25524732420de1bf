"""Many yes-or-no columns of which each says nothing, but how many are set does."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Tally(Unit):
    """Effect: how far the number of set flags is from the middle."""

    kind: str = "tally"
    hidden: ClassVar[str] = (
        "how far the number of set flags is from the middle; no flag means anything by itself"
    )
    flags: tuple[Text, ...] = Field(min_length=8, max_length=16)

    gain: ClassVar[float] = 0.75
    spoilers: ClassVar[tuple[str, ...]] = ("how many", "count the", "number of", "sum of")

    @property
    def columns(self) -> tuple[Text, ...]:
        """The flags."""
        return self.flags

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw how inclined each row is to flags, and its flags."""
        inclined = rng.random_sample(rows)[:, None]
        flags = (rng.random_sample((rows, len(self.flags))) < inclined).astype(int)
        names = [flag.name for flag in self.flags]
        middle = len(self.flags) / 2
        return Part(
            columns={
                name: Cells(column.astype(float), 0)
                for name, column in zip(names, flags.T, strict=True)
            },
            effect=np.abs(flags.sum(axis=1) - middle),
            features=(
                f"flags = {names}\n"
                f'both["set_flags"] = (both[flags].sum(axis=1) - {middle:g}).abs()\n'
                "both = both.drop(columns=flags)\n"
            ),
        )
