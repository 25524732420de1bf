"""Cards and knobs of tasks whose pictures show factors: what can be seen, and what each stands for."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, SerializeAsAny, model_validator

from sandmle_gym.families.assembly import Knobs
from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.family import common
from sandmle_gym.families.image.budget import Part, Role, shared
from sandmle_gym.families.image.traps import ORDER, AnyTrap
from sandmle_gym.families.table import About, Text, Word
from sandmle_gym.spec import Frozen

PUBLIC_ROWS = 100
PRIVATE_ROWS = 1000
"""Rows that reward; a file each, so no more than the noise gate needs."""

Light = Annotated[float, Field(ge=0, le=1)]
Colour = tuple[Light, Light, Light]
"""Red, green and blue; for ink, the share of each that it lets through."""

Side = Annotated[int, Field(ge=24, le=64)]
Rate = Annotated[float, Field(ge=0.1, le=0.9)]


class Seen(Frozen):
    """One factor of the pictures, in a card."""

    roles: tuple[Role, ...] = Field(min_length=1)
    """Roles that it may be given in a task."""
    hints: tuple[str, ...] = Field(min_length=1)


class ImageRanges(Ranges):
    """How far the numeric knobs range."""

    noise: ShareRange = (0.03, 0.06)
    """Share of the variance of what decides the target that no picture shows."""
    plain: ShareRange = (0.16, 0.20)
    """Share of the rest that any sound pipeline finds."""
    curved: ShareRange = (0.24, 0.28)
    """Share that needs the right form; what is left is for insights."""
    trap: float = Field(default=0.6, ge=0, le=1)
    """Probability of each trap in a task."""

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        if self.plain[1] + self.curved[1] > 0.8:
            raise ValueError("plain and curved leave less than 0.2 for insights")
        return self


class Outcome(Text):
    """A target with two values."""

    negative: Word = "no"
    positive: Word = "yes"
    rate: tuple[Rate, Rate] = (0.3, 0.5)
    """Range of the share of positive rows."""


class ImageCard(SeedCard):
    """Words and ranges of the tasks of one domain."""

    ranges: ImageRanges = ImageRanges()
    target: SerializeAsAny[Any]
    """What is to be predicted; every family has its own class of it."""
    picture: About
    """What one picture shows."""
    sides: tuple[Side, ...] = Field(min_length=1)
    """Sizes of pictures in pixels, of which a task has one."""
    colours: tuple[Colour, ...] = ()
    factors: Mapping[str, Seen]
    traps: tuple[AnyTrap, ...] = ()


class ImageKnobs(Knobs):
    """All that decides a task of pictures."""

    target: SerializeAsAny[Any]
    picture: About
    side: Side
    colours: tuple[Colour, ...]
    noise: Annotated[float, Field(gt=0, lt=1)]
    parts: Mapping[str, tuple[Part, ...]]
    """Hidden number -> how its variance is shared out."""
    hints: tuple[str, ...]
    traps: tuple[AnyTrap, ...]
    turn: float
    """A direction in radians that a scene may use: what counts as upright."""


EASIEST = 2
"""Attempt from which on noise falls no more: with ever less of it the upper tiers would meet."""


def set_knobs(
    card: ImageCard,
    rng: np.random.RandomState,
    attempt: int,
    roles: Mapping[str, Mapping[str, Role]],
) -> dict[str, Any]:
    """Draw the knobs that all families of factors share, all but `target`.

    Args:
        card: The seed card.
        rng: The stream of `derive`.
        attempt: Later ones have a tenth less noise each, up to `EASIEST`.
        roles: Hidden number -> factor -> role.
    """
    used = list(dict.fromkeys(name for given in roles.values() for name in given))
    used = used or list(card.factors)
    traps = [trap for trap in card.traps if rng.random_sample() < card.ranges.trap]
    hints = [(card.factors[name].hints, name) for name in used if name in card.factors]
    lines = [_one(rng, lines) for lines, _ in hints] + [_one(rng, trap.hints) for trap in traps]
    return {
        **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
        "picture": card.picture,
        "side": card.sides[rng.randint(len(card.sides))],
        "colours": card.colours,
        "noise": round(_within(rng, card.ranges.noise) * 0.9 ** min(attempt, EASIEST), 5),
        "parts": {name: shared(given, _weights(card, rng), rng) for name, given in roles.items()},
        "hints": tuple(lines[k] for k in rng.permutation(len(lines))),
        "traps": tuple(sorted(traps, key=lambda trap: ORDER.index(trap.kind))),
        "turn": round(rng.uniform(0, np.pi), 4),
    }


def cast(factors: Mapping[str, Seen], rng: np.random.RandomState) -> dict[str, Role]:
    """Give out the roles: one curved factor, two insights, and plain what may be plain of the rest.

    Raises:
        ValueError: The card has not enough factors for the roles.
    """
    names = [sorted(factors)[k] for k in rng.permutation(len(factors))]
    can = {role: [n for n in names if role in factors[n].roles] for role in ("insight", "curved")}
    for bent in can["curved"]:
        insights = [name for name in can["insight"] if name != bent][:2]
        if len(insights) == 2:
            plain = [n for n in names if "plain" in factors[n].roles and n not in (bent, *insights)]
            given: dict[str, Role] = dict.fromkeys(plain, "plain")
            return {**given, **dict.fromkeys(insights, "insight"), bent: "curved"}
    raise ValueError("factors: the roles need two insights and another factor that is curved")


def _weights(card: ImageCard, rng: np.random.RandomState) -> dict[Role, float]:
    plain, curved = _within(rng, card.ranges.plain), _within(rng, card.ranges.curved)
    return {"plain": plain, "insight": 1 - plain - curved, "curved": curved}


def _within(rng: np.random.RandomState, bounds: tuple[float, float]) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * rng.random_sample()


def _one(rng: np.random.RandomState, choices: tuple[str, ...]) -> str:
    return choices[rng.randint(len(choices))]
