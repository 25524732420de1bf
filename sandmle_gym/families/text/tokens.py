"""Tokens of written language with the way they are read aloud in one house.

Every reader takes the same arguments, whether it needs them or not.
"""

# ruff: noqa: ARG001

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandmle_gym.families.text import numerals
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.numerals import HouseStyle
from sandmle_gym.spec import Frozen

SILENT = "sil"
"""What a punctuation mark is read as."""
UNITS = 5


class House(Frozen):
    """How a house reads."""

    style: HouseStyle
    date_written: str
    """How a date is written, with {d}, {m} and {y}."""
    date_read: str
    """How it is read, with {d}, {m} and {y}."""
    plural: str
    """Ending of units and coins of which there is not just one."""
    minor_joint: str
    """Between an amount and its small coins."""


@dataclass(frozen=True)
class Tables:
    """The words that are drawn for a task."""

    plain: list[str]
    units: dict[str, str]
    """Abbreviation -> name."""
    sign: str
    coin: str
    cent: str


def invent(rng: np.random.RandomState) -> Tables:
    """Invent units, coins and words; abbreviations are the first letter and some consonants."""
    lexicon = Lexicon(rng)
    units: dict[str, str] = {}
    while len(units) < UNITS:
        (name,) = lexicon.words(1)
        short = name[0] + "".join(letter for letter in name[1:] if letter not in "aeiou")[:2]
        units.setdefault(short, name)
    coin, cent = lexicon.words(2, syllables=(1, 1))
    return Tables(lexicon.words(400), units, coin[:2].upper(), coin, cent)


Reader = Callable[[House, Tables, Dice], tuple[str, str]]
"""Draws a token and returns it with its reading."""


def _plain(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    word = dice.pick(tables.plain)
    word = word.capitalize() if dice.chance(0.3) else word
    return word, word


def _mark(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    return dice.pick((";", ":", ".", "!", "?")), SILENT


def _number(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    value = dice.below(10 ** dice.between(2, 5))
    return (f"{value:,}" if dice.chance(0.6) else str(value)), numerals.cardinal(value, house.style)


def _year(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    value = dice.between(1100, 1999)
    return str(value), numerals.year(value, house.style)


def _date(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    d, m, y = dice.between(1, 28), dice.between(1, 12), dice.between(1700, 1999)
    return house.date_written.format(d=d, m=m, y=y), house.date_read.format(
        d=numerals.ordinal(d, house.style),
        m=numerals.MONTHS[m - 1],
        y=numerals.year(y, house.style),
    )


def _money(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    whole = dice.between(1, 10 ** dice.between(1, 3))
    spoken = _amount(whole, tables.coin, house)
    if dice.chance(0.4):
        return f"{tables.sign}{whole}", spoken
    small = dice.between(1, 99)
    return (
        f"{tables.sign}{whole}.{small:02d}",
        f"{spoken}{house.minor_joint}{_amount(small, tables.cent, house)}",
    )


def _measure(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    short = dice.pick(tuple(tables.units))
    whole, part = dice.between(1, 10 ** dice.between(1, 3)), dice.between(0, 9)
    if dice.chance(0.6):
        return f"{whole}{short}", _amount(whole, tables.units[short], house)
    spoken = f"{numerals.cardinal(whole, house.style)} {house.style.point}"
    name = f"{tables.units[short]}{house.plural}"
    return f"{whole}.{part}{short}", f"{spoken} {numerals.digits(str(part), house.style)} {name}"


def _code(house: House, tables: Tables, dice: Dice) -> tuple[str, str]:
    groups = [f"{dice.below(100):02d}" for _ in range(dice.between(2, 3))]
    spoken = (numerals.digits(group, house.style) for group in groups)
    return "-".join(groups), f" {SILENT} ".join(spoken)


def _amount(count: int, name: str, house: House) -> str:
    ending = "" if count == 1 else house.plural
    return f"{numerals.cardinal(count, house.style)} {name}{ending}"


READERS: dict[str, Reader] = {
    "plain": _plain,
    "mark": _mark,
    "number": _number,
    "year": _year,
    "date": _date,
    "money": _money,
    "measure": _measure,
    "code": _code,
}
