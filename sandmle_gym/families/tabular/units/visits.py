"""A second table with many lines per row, of which one sort tells something."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Amount, Category, Text, words
from sandmle_gym.families.tabular.ingredient import Part, Side, Unit, pick


class Ledger(Side):
    """Bookings of the rows of a task."""

    owner: Text
    sort: Category
    amount: Amount


class Visits(Unit):
    """Effect: the logarithm of one plus the sum of the amounts of one sort, in medians."""

    kind: str = "visits"
    hidden: ClassVar[str] = (
        "the logarithm of the total amount of one sort of booking, drawn per task; the other sorts mean "
        "nothing"
    )
    ledger: Ledger
    per_row: float = Field(default=7, ge=3, le=15)
    """Mean number of bookings of a row."""

    gain: ClassVar[float] = 0.8
    spoilers: ClassVar[tuple[str, ...]] = ("sum of", "total of", "add up", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the bookings of every row."""
        count = rng.poisson(self.per_row, size=rows)
        owner = rng.permutation(np.repeat(np.arange(rows), count))
        sorts = self.ledger.sort.levels
        sort = rng.randint(len(sorts), size=len(owner))
        amount = self.ledger.amount.scaled(rng.normal(size=len(owner)))
        active = rng.randint(len(sorts))
        told = np.where(sort == active, amount, 0.0)
        total = np.bincount(owner, told, minlength=rows) / self.ledger.amount.median
        cells = words(sorts, sort).text(), self.ledger.amount.cells(amount).text()

        def files(ids: Sequence[str]) -> Mapping[str, bytes]:
            return self.ledger.write(pick(ids, owner), *cells)

        names = [column.name for column in self.ledger.columns]
        return Part(
            columns={},
            effect=np.round(np.log1p(total), 6),
            features=(
                f'ledger = pd.read_csv("{self.ledger.file}")\n'
                f'totals = ledger.pivot_table("{names[2]}", "{names[0]}", "{names[1]}", "sum")\n'
                f"totals = np.log1p(totals / {self.ledger.amount.median:g})\n"
                "totals = totals.reindex(names).fillna(0.0).reset_index(drop=True)\n"
                f'both = both.join(totals.add_prefix("{names[1]}_"))\n'
            ),
            files=files,
        )
