"""Columns in words and in cells, and a CSV writer whose bytes depend on nothing but the cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from sandmle_gym.spec import Frozen

ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
"""Lower-case words joined by underscores, as in the header of a CSV file."""

About = Annotated[str, Field(pattern=r"^[^|\n]+$", min_length=8, max_length=200)]
"""What a column means, with its unit, in the words of the domain; one clause without a full stop."""

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/&'. -]+$", min_length=1, max_length=30)]
"""A value of a category: no comma and no quote, so that it never needs quoting."""


class Text(Frozen):
    """A column of text in the words of a card."""

    name: ColumnName
    about: About


class Category(Text):
    """A column with a few values."""

    levels: tuple[Word, ...] = Field(min_length=2, max_length=12)


class Quantity(Text):
    """A column of numbers: centre + spread * (a standardised value), rounded to `digits` decimals."""

    centre: float
    spread: float = Field(gt=0)
    digits: int = Field(default=2, ge=0, le=5)

    def scaled(self, standard: np.ndarray) -> np.ndarray:
        """Turn standardised values (n,) into rounded values in the unit of the column."""
        return np.round(self.centre + self.spread * standard, self.digits)

    def standard(self, values: np.ndarray) -> np.ndarray:
        """Undo `scaled` on rounded values."""
        return (values - self.centre) / self.spread

    def cells(self, values: np.ndarray) -> "Cells":
        """Wrap values of this column."""
        return Cells(values, self.digits)


class Amount(Text):
    """A column of positive numbers: median * exp(spread * (a standardised value)), rounded."""

    median: float = Field(gt=0)
    spread: float = Field(default=0.7, gt=0, le=1.2)
    """Standard deviation of the natural logarithm."""
    digits: int = Field(default=2, ge=0, le=5)

    @model_validator(mode="after")
    def _stays_positive(self) -> Self:
        if self.median * np.exp(-5 * self.spread) < 0.5 * 10.0**-self.digits:
            raise ValueError("small values would round to 0: raise `median` or `digits`")
        return self

    def scaled(self, standard: np.ndarray) -> np.ndarray:
        """Turn standardised values (n,) into rounded values in the unit of the column."""
        return np.round(self.median * np.exp(self.spread * standard), self.digits)

    def cells(self, values: np.ndarray) -> "Cells":
        """Wrap values of this column."""
        return Cells(values, self.digits)


@dataclass(frozen=True)
class Cells:
    """The values of one column before they become text."""

    values: np.ndarray
    """float (n,) rounded to `digits` decimals, or object (n,) of str where `digits` is None."""
    digits: int | None = None

    def take(self, rows: np.ndarray | slice) -> "Cells":
        """Select rows."""
        return Cells(self.values[rows], self.digits)

    def text(self) -> list[str]:
        """Format every cell; a number always with the same count of decimals, zero without a sign."""
        if self.digits is None:
            return self.values.tolist()
        form = f"%.{self.digits}f,"  # one formatting of all cells is twice as fast as one of each
        return (form * len(self.values) % tuple((self.values + 0.0).tolist())).split(",")[:-1]


Table = Mapping[str, Cells]
"""Column name -> cells, in the order of the file."""


def words(values: Sequence[str], positions: np.ndarray) -> Cells:
    """Pick values by position, int (n,)."""
    return Cells(np.array(values, dtype=object)[positions])


def write_csv(columns: Mapping[str, Sequence[str]]) -> bytes:
    """Write columns of text as CSV: UTF-8, line feeds, quotes only where a cell needs them."""
    texts = [_quoted([name, *cells]) for name, cells in columns.items()]
    return ("\n".join(map(",".join, zip(*texts, strict=True))) + "\n").encode()


def _quoted(cells: list[str]) -> list[str]:
    if not set(',"\n') & set("".join(cells)):
        return cells
    return [
        '"' + cell.replace('"', '""') + '"' if set(',"\n') & set(cell) else cell for cell in cells
    ]
