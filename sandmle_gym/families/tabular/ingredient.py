"""What the hidden world of a tabular task is mixed from: named by `kind`, described in a card's words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from sandmle_gym.errors import UnknownNameError
from sandmle_gym.families.table import About, Table, Text, write_csv
from sandmle_gym.spec import Frozen


@dataclass(frozen=True)
class Part:
    """What one ingredient contributes to n rows."""

    columns: Table
    effect: np.ndarray
    """float (n,): the part of the latent that these columns decide, in any scale."""
    features: str = ""
    """Python lines that replace the raw columns of the frame `both` by what a discoverer would build."""
    basis: str = ""
    """Further lines that only someone who knows the functional form could write."""
    files: Callable[[Sequence[str]], Mapping[str, bytes]] | None = None
    """Given the ids of the rows, the further files that the ingredient brings: path -> content. The
    lines of a part with files may use `names`, the ids of the rows of `both` as an array."""


class Side(Frozen):
    """A further table that an ingredient brings. Its columns are fields of a subclass."""

    file: str = Field(pattern=r"^[a-z][a-z0-9_]*\.csv$", max_length=40)
    about: About

    @property
    def columns(self) -> tuple[Text, ...]:
        """Its columns, in the order of the file."""
        return _texts(self)

    def write(self, *cells: Sequence[str]) -> Mapping[str, bytes]:
        """Return the file by its name, given the cells of every column."""
        names = (column.name for column in self.columns)
        return {self.file: write_csv(dict(zip(names, cells, strict=True)))}


class Ingredient(Frozen, ABC):
    """Base of units, blocks and traps. A subclass names its columns as fields and fixes `kind`."""

    kind: str
    hidden: ClassVar[str] = ""
    """What is true of it but not told: for people, in the README of a card."""
    hints: tuple[str, ...] = ()
    """Sentences of a practitioner that make it discoverable without stating the rule; one is used."""

    @property
    def columns(self) -> tuple[Text, ...]:
        """The columns it adds, in the order of its fields."""
        return _texts(self)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The tables it adds."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value for value in values if isinstance(value, Side))


class Source(Ingredient):
    """An ingredient that carries signal."""

    spoilers: ClassVar[tuple[str, ...]] = ()
    """Fragments of lower-case text that would give the rule away; no description may hold one."""

    @abstractmethod
    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw the columns of `rows` rows, and the effect that follows from the rounded values."""


class Unit(Source):
    """A source that a generic model cannot use until someone engineers the right feature."""

    hints: tuple[str, ...] = Field(min_length=1)
    always: bool = False
    """Whether every task of the card has it; else the units of a task are chosen at random."""
    gain: ClassVar[float]
    """Share of its variance that a generic blend finds only with its feature (measured on about 20 tasks
    each, as skill per share). Units of a task get shares in inverse proportion, so that each is worth
    finding."""


class Block(Source):
    """A source that generic models learn from the raw columns."""

    curved: ClassVar[bool] = True
    """Whether an expert gains much from knowing its shape."""


def pick(ids: Sequence[str], rows: np.ndarray) -> list[str]:
    """Return the ids of some rows, int (n,)."""
    return [ids[int(row)] for row in rows]


def _texts(model: Frozen) -> tuple[Text, ...]:
    values = (getattr(model, name) for name in type(model).model_fields)
    return tuple(value for value in values if isinstance(value, Text))


def by_kind(base: type[Ingredient]) -> BeforeValidator:
    """Read a mapping as the subclass of `base` that its `kind` names.

    Raises (as a validation error):
        UnknownNameError: No subclass has this kind.
    """

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = {kind.model_fields["kind"].default: kind for kind in base.__subclasses__()}
        name = str(value.get("kind", ""))
        if name not in known:
            raise UnknownNameError(f"kind of {base.__name__.lower()}", name, known)
        return known[name].model_validate(value)

    return BeforeValidator(read)
