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
    """A run of consecutive ids served by some cards in turn; a card named twice serves twice as many."""

    first: int = Field(ge=0)
    count: int = Field(ge=0)
    frozen: int = Field(default=0, ge=0)
    """How many of them, from the first on, the lock holds so far."""
    cards: tuple[Slug, ...] = ()

    def slot(self, split: Split, number: int) -> Slot:
        """Return the slot of an id of this split: cards in turn, each with rising index."""
        turn, place = divmod(number - self.first, len(self.cards))
        card = self.cards[place]
        index = turn * self.cards.count(card) + self.cards[:place].count(card)
        return Slot(task_name(number), card, index, split)


class Suite(Frozen):
    """`envs/suite.toml`."""

    version: str
    splits: dict[Split, SplitPlan]

    @model_validator(mode="after")
    def _no_card_serves_two_splits(self) -> "Suite":
        cards = list(chain.from_iterable(set(plan.cards) for plan in self.splits.values()))
        repeated = sorted({card for card in cards if cards.count(card) > 1})
        if repeated:
            raise ValueError(f"cards named by more than one split: {', '.join(repeated)}")
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
        """Yield the slots to freeze, split by split, in order of their ids.

        Raises:
            UserError: More ids are to be frozen than a split has, or it has no cards.
        """
        for split, plan in self.splits.items():
            if plan.frozen > plan.count or (plan.frozen and not plan.cards):
                raise UserError(
                    f"{plan.frozen} ids of {split} are to be frozen, but it has {plan.count} ids and "
                    f"{len(plan.cards)} cards"
                )
            for number in range(plan.first, plan.first + plan.frozen):
                yield plan.slot(split, number)


def task_name(number: int) -> str:
    """Return the name of an id, without the namespace."""
    return f"task-{number:03d}"
