"""A number that two offices write differently: 1234.5 and 1.234,5 with a unit behind it."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Quantity
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Decimals(Unit):
    """Effect: the number itself, once it can be read."""

    kind: str = "decimals"
    hidden: ClassVar[str] = (
        "a plain number, written as 1234.5 by one office and as 1.234,5 with a unit by the other"
    )
    column: Quantity
    suffix: str = Field(default="", pattern=r"^[A-Za-z0-9 /%]*$", max_length=8)
    """What the second office writes behind the number."""

    gain: ClassVar[float] = 0.80
    spoilers: ClassVar[tuple[str, ...]] = ("replace the comma", "parse", "strip")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the number, and let each office write half of it."""
        values = self.column.scaled(rng.normal(size=rows))
        second = rng.random_sample(rows) < 0.5
        plain = self.column.cells(values).text()
        cells = [
            self._second(value) if other else text
            for value, text, other in zip(values.tolist(), plain, second.tolist(), strict=True)
        ]
        name = self.column.name
        return Part(
            columns={name: Cells(np.array(cells, dtype=object))},
            effect=self.column.standard(values),
            features=(
                f'text = both["{name}"].str.replace("{self.suffix}", "", regex=False)\n'
                'comma = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)\n'
                f'both["{name}"] = pd.to_numeric(text.where(~text.str.contains(","), comma))\n'
            ),
        )

    def _second(self, value: float) -> str:
        text = f"{value + 0.0:,.{self.column.digits}f}"
        return text.translate(str.maketrans(",.", ".,")) + self.suffix
