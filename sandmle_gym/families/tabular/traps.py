"""Traps of the training file: what a careful look at the data or the column notes saves you from.

A trap changes the drawn rows (never the truth of a test row) and says how a careful person cleans up.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, SerializeAsAny

from sandmle_gym.families.table import Cells, Quantity, Table, Text, Word, words
from sandmle_gym.families.tabular.ingredient import Ingredient, by_kind


@dataclass(frozen=True)
class Rows:
    """The observed rows, train first."""

    columns: Table
    target: Cells
    latent: np.ndarray
    train: int
    """How many rows, from the first on, go to train.csv."""

    @property
    def total(self) -> int:
        """Train and test rows together."""
        return len(self.latent)


class Trap(Ingredient):
    """Base of all traps."""

    hints: tuple[str, ...] = Field(min_length=1)

    @abstractmethod
    def spring(self, rows: Rows, rng: np.random.RandomState) -> Rows:
        """Return the rows with the trap in them."""

    @abstractmethod
    def cleaning(self) -> str:
        """Python lines that clean the frames `train` and `test` of the trap."""


class Decoy(Trap):
    """A column that was filled in afterwards: it knows the target in train.csv, and nothing in test.csv."""

    kind: str = "decoy"
    hidden: ClassVar[str] = (
        "filled in after the fact: it knows the target in `train.csv` and is noise in `test.csv`"
    )
    column: Quantity

    def spring(self, rows: Rows, rng: np.random.RandomState) -> Rows:
        """Add the column, and shuffle it among the test rows."""
        leak = rows.latent + 0.3 * rng.normal(size=rows.total)
        leak[rows.train :] = rng.permutation(leak[rows.train :])
        cells = self.column.cells(self.column.scaled(leak))
        return replace(rows, columns={**rows.columns, self.column.name: cells})

    def cleaning(self) -> str:
        """Drop the column."""
        name = self.column.name
        return f'train, test = train.drop(columns="{name}"), test.drop(columns="{name}")\n'


class Slips(Trap):
    """Entry errors: a few train values of one quantity are a thousand times too large."""

    kind: str = "slips"
    hidden: ClassVar[str] = "a few train values are a thousand times too large"
    column: str
    """Name of a linear feature or of the quantity of a block."""

    def spring(self, rows: Rows, rng: np.random.RandomState) -> Rows:
        """Spoil one train row in 25, at least three."""
        cells = rows.columns[self.column]
        wrong = rng.choice(rows.train, size=max(3, rows.train // 25), replace=False)
        values = cells.values.copy()
        values[wrong] *= 1000.0
        return replace(rows, columns={**rows.columns, self.column: replace(cells, values=values)})

    def cleaning(self) -> str:
        """Scale down what is far outside the range of the test rows."""
        name = self.column
        return (
            f'usual = test["{name}"].abs().max()\n'
            f'train["{name}"] = train["{name}"].where('
            f'train["{name}"].abs() <= 3 * usual, train["{name}"] / 1000)\n'
        )


class Audit(Trap):
    """Label noise: a share of the train targets was swapped around; an audit column says which may be."""

    kind: str = "audit"
    hidden: ClassVar[str] = "the targets of doubtful train rows are swapped around"
    column: Text
    trusted: Word
    doubtful: Word

    def spring(self, rows: Rows, rng: np.random.RandomState) -> Rows:
        """Mark 15 % of the train rows and draw their targets anew."""
        doubtful = np.zeros(rows.total, dtype=int)
        doubtful[: rows.train] = rng.random_sample(rows.train) < 0.15
        chosen = np.flatnonzero(doubtful)
        target = rows.target.values.copy()
        target[chosen] = target[rng.randint(rows.train, size=len(chosen))]
        cells = words((self.trusted, self.doubtful), doubtful)
        return replace(
            rows,
            columns={**rows.columns, self.column.name: cells},
            target=replace(rows.target, values=target),
        )

    def cleaning(self) -> str:
        """Keep the trusted rows."""
        name = self.column.name
        return (
            f'train = train[train["{name}"] == "{self.trusted}"].drop(columns="{name}")\n'
            f'test = test.drop(columns="{name}")\n'
        )


class Revisions(Trap):
    """Rows entered twice: the first entry has a target of no worth, the later one the right target."""

    kind: str = "revisions"
    hidden: ClassVar[str] = (
        "some train rows are there twice; only the later entry has the right target"
    )
    column: Text

    def spring(self, rows: Rows, rng: np.random.RandomState) -> Rows:
        """Overwrite a seventh of the train rows by first entries of other train rows."""
        copies = rows.train // 7
        places = rng.permutation(rows.train)
        copy, original = places[:copies], places[copies : 2 * copies]
        columns = {
            name: _overwritten(cells, copy, original) for name, cells in rows.columns.items()
        }
        target = rows.target.values.copy()
        target[copy] = target[rng.randint(rows.train, size=copies)]
        revision = np.ones(rows.total)
        revision[original] = 2
        return replace(
            rows,
            columns={**columns, self.column.name: Cells(revision, 0)},
            target=replace(rows.target, values=target),
        )

    def cleaning(self) -> str:
        """Keep the last entry of each row."""
        name = self.column.name
        return (
            f'same = list(test.columns[1:].drop("{name}"))\n'
            f'train = train.sort_values("{name}", kind="stable")\n'
            f'train = train.drop_duplicates(subset=same, keep="last").drop(columns="{name}")\n'
            f'test = test.drop(columns="{name}")\n'
        )


AnyTrap = Annotated[SerializeAsAny[Trap], by_kind(Trap)]
"""A trap, read by its `kind`."""

ORDER = ("slips", "decoy", "audit", "revisions")
"""Traps spring in this order, and are cleaned up in the opposite one."""


def _overwritten(cells: Cells, copy: np.ndarray, original: np.ndarray) -> Cells:
    values = cells.values.copy()
    values[copy] = values[original]
    return replace(cells, values=values)
