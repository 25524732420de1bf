"""Spellings that hide a word from a machine but not from a reader; each can be undone."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sandmle_gym.families.text.dice import Dice

LOOKALIKES = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "$", "t": "7"})


def _lookalikes(word: str, dice: Dice) -> str:
    """Figures for letters, of which at least one stays: "gr3l7"."""
    changed = word.translate(LOOKALIKES)
    whole = dice.chance(0.5) and any(map(str.isalpha, changed))
    return changed if whole else word[:1] + changed[1:]


def _spaced(word: str, dice: Dice) -> str:
    """A sign between all letters: "g.r.e.l.t"."""
    return dice.pick((".", "-", "*", "_")).join(word)


def _drawn_out(word: str, dice: Dice) -> str:
    """A letter repeated: "greeeelt"."""
    place = dice.between(1, len(word) - 1)
    return word[:place] + word[place] * dice.between(2, 5) + word[place + 1 :]


def _escaped(word: str, dice: Dice) -> str:
    r"""Some letters as escapes that a broken export left behind: "gr\u0065lt"."""
    return "".join(f"\\u{ord(char):04x}" if dice.chance(0.45) else char for char in word)


def _entities(word: str, dice: Dice) -> str:
    """Some letters as entities of a web page: "gr&#101;lt"."""
    return "".join(f"&#{ord(char)};" if dice.chance(0.45) else char for char in word)


Spelling = Callable[[str, Dice], str]

SPELLINGS: Mapping[str, Spelling] = MappingProxyType(
    {
        "lookalikes": _lookalikes,
        "spaced": _spaced,
        "drawn_out": _drawn_out,
        "escaped": _escaped,
        "entities": _entities,
    }
)


def disguise(word: str, names: tuple[str, ...], dice: Dice) -> str:
    """Spell a word in one of the named ways."""
    return SPELLINGS[dice.pick(names)](word, dice)
