"""The plan of the frozen suite: which ids exist, and which seed card serves which of them."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from sandmle_gym.errors import UserError
from sandmle_gym.spec import Frozen, Slug, Split


@dataclass(frozen=True)
class Slot:
    """One id of the suite and the draw that fills it."""

    name: str
    card: str
    index: int
    split: Split


class SplitPlan(Frozen):
    """A run of consecutive ids served by some cards in turn."""

    first: int = Field(ge=0)
    count: int = Field(ge=0)
    cards: tuple[Slug, ...] = ()

    def slot(self, split: Split, number: int) -> Slot:
        """Return the slot of an id of this split: cards in turn, each with rising index."""
        index, turn = divmod(number - self.first, len(self.cards))
        return Slot(task_name(number), self.cards[turn], index, split)


class Suite(Frozen):
    """`envs/suite.toml`."""

    version: str
    frozen: int = Field(ge=0)
    """How many ids, from `task-000` on, the lock holds so far."""
    splits: dict[Split, SplitPlan]

    @model_validator(mode="after")
    def _no_card_serves_two_splits(self) -> "Suite":
        cards = list(chain.from_iterable(plan.cards for plan in self.splits.values()))
        repeated = sorted({card for card in cards if cards.count(card) > 1})
        if repeated:
            raise ValueError(f"cards named more than once: {', '.join(repeated)}")
        return self

    @classmethod
    def load(cls, path: Path) -> "Suite":
        """Read a suite plan.

        Raises:
            UserError: It is missing or has a wrong field.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise UserError(f"{path} is not a readable suite plan: {error}") from error

    def slots(self) -> Iterator[Slot]:
        """Yield the slots to freeze, in order of their ids.

        Raises:
            UserError: An id to freeze lies in no split, or in one without cards.
        """
        for number in range(self.frozen):
            for split, plan in self.splits.items():
                if plan.cards and plan.first <= number < plan.first + plan.count:
                    yield plan.slot(split, number)
                    break
            else:
                raise UserError(f"{task_name(number)} is to be frozen, but no split serves it")


def task_name(number: int) -> str:
    """Return the name of an id, without the namespace."""
    return f"task-{number:03d}"
