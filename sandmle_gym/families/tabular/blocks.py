"""Non-linear blocks: shapes that a generic model learns from the raw columns, given enough rows."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import SerializeAsAny

from sandmle_gym.families.table import Category, Quantity, words
from sandmle_gym.families.tabular.ingredient import Block, Part, by_kind


class Vee(Block):
    """Effect: the distance from a best value near the centre."""

    kind: str = "vee"
    column: Quantity

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the quantity and its best value."""
        values, best = _values(self.column, rows, rng), _near(self.column, rng, 0.3)
        name = self.column.name
        basis = f'both["{name}"] = (both["{name}"] - {best}).abs()\n'
        return Part({name: self.column.cells(values)}, np.abs(values - best), basis=basis)


class Step(Block):
    """Effect: 1 between two bounds, 0 outside."""

    kind: str = "step"
    column: Quantity

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the quantity and the lower bound."""
        values, low = _values(self.column, rows, rng), _near(self.column, rng, 0.4)
        high = round(low + 1.2 * self.column.spread, 6)
        name = self.column.name
        return Part(
            columns={name: self.column.cells(values)},
            effect=((values > low) & (values <= high)).astype(float),
            basis=f'both["{name}"] = both["{name}"].between({low}, {high}).astype(float)\n',
        )


class Bump(Block):
    """Effect: a bell around a best value near the centre."""

    kind: str = "bump"
    column: Quantity

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the quantity and its best value."""
        values, best = _values(self.column, rows, rng), _near(self.column, rng, 0.5)
        name, spread = self.column.name, self.column.spread
        return Part(
            columns={name: self.column.cells(values)},
            effect=np.exp(-2 * ((values - best) / spread) ** 2),
            basis=(f'both["{name}"] = np.exp(-2 * ((both["{name}"] - {best}) / {spread}) ** 2)\n'),
        )


class Xor(Block):
    """Effect: whether two quantities are on the same side of their centres."""

    kind: str = "xor"
    left: Quantity
    right: Quantity

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw both quantities independently."""
        left, right = _values(self.left, rows, rng), _values(self.right, rows, rng)
        a, b = self.left.name, self.right.name
        return Part(
            columns={a: self.left.cells(left), b: self.right.cells(right)},
            effect=((left > self.left.centre) == (right > self.right.centre)).astype(float),
            basis=(
                f'both["{a}"] = ((both["{a}"] > {self.left.centre}) == '
                f'(both["{b}"] > {self.right.centre})).astype(float)\n'
                f'both = both.drop(columns="{b}")\n'
            ),
        )


class Kinds(Block):
    """Effect: one value per category."""

    kind: str = "kinds"
    column: Category

    curved: ClassVar[bool] = False

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw categories, all equally likely."""
        levels = self.column.levels
        values = rng.permutation(np.linspace(-1.4, 1.4, len(levels)))
        place = rng.randint(len(levels), size=rows)
        return Part({self.column.name: words(levels, place)}, values[place])


AnyBlock = Annotated[SerializeAsAny[Block], by_kind(Block)]
"""A block, read by its `kind`."""


def _values(column: Quantity, rows: int, rng: np.random.RandomState) -> np.ndarray:
    return column.scaled(rng.normal(size=rows))


def _near(column: Quantity, rng: np.random.RandomState, reach: float) -> float:
    """A value at most `reach` spreads from the centre, short enough to be written into a program."""
    return round(column.centre + column.spread * float(rng.uniform(-reach, reach)), 6)
