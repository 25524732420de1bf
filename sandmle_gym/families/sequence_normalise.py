"""Written tokens to spoken words: numbers, years, dates, money, measures, codes, ambiguous abbreviations.

A row is one token with the words around it. All readings follow from tables and a house style that are drawn
for each task. A small share of the truth is the token as it stood, left alone by a careless clerk; nobody can
know which, so the oracle submits the reading of every token.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text, Word
from sandmle_gym.families.text import numerals
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.numerals import HouseStyle
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Frames = Annotated[tuple[str, ...], Field(min_length=3)]
"""Contexts: words, a bar for the token, words; {n} stands for a number, {w} for an invented word."""

KINDS = ("plain", "mark", "number", "year", "date", "money", "measure", "code", "short")
SHARES = (0.26, 0.05, 0.15, 0.06, 0.11, 0.10, 0.11, 0.07, 0.09)
SILENT = "sil"
"""What a punctuation mark is read as."""
UNITS = 5


class Short(Frozen):
    """An abbreviation with two readings."""

    token: Word
    counted: str
    """After a number."""
    named: str
    """After a word."""


class NormaliseHints(Frozen):
    """A practitioner's remarks."""

    numbers: Hints
    structure: Hints
    context: Hints
    slips: Hints


class NormaliseRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (180, 200)
    careless: ShareRange = (0.01, 0.025)
    """Tokens that were left alone."""


class NormaliseCard(SeedCard):
    """A card of this family."""

    target: Text
    token: Text
    before: Text
    after: Text
    number_frames: Frames
    year_frames: Frames
    date_frames: Frames
    money_frames: Frames
    code_frames: Frames
    plain_frames: Frames
    counted_frames: Frames
    """Contexts of an abbreviation, or of a measure, where the word before is a number."""
    named_frames: Frames
    shorts: Annotated[tuple[Short, ...], Field(min_length=4)]
    ranges: NormaliseRanges = NormaliseRanges()
    hints: NormaliseHints


class NormaliseKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    token: Text
    before: Text
    after: Text
    frames: dict[str, tuple[str, ...]]
    shorts: tuple[Short, ...]
    hints: NormaliseHints
    careless: Share
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


class SequenceNormalise(Family):
    """The target is a text."""

    name = "sequence_normalise"
    metrics: ClassVar = dict.fromkeys(
        ("accuracy_text", "edit_similarity", "word_error_rate"), Form.TEXT
    )
    card = NormaliseCard
    knobs = NormaliseKnobs
    trains = "Writing a rule system from examples: classes of tokens, house style, context."
    exploits = (
        "Copying the token is right for words only; the competent witness does so already.",
        "Looking tokens up in the train rows finds marks and abbreviations, numbers hardly ever repeat.",
    )

    def derive(self, card: NormaliseCard, rng: np.random.RandomState, attempt: int) -> NormaliseKnobs:
        """Choose the house style."""
        del attempt  # the rules are exact, so there is no noise to lower
        dice, (low, high) = Dice(rng), card.ranges.careless
        names = ("number", "year", "date", "money", "code", "plain", "counted", "named")
        return NormaliseKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1500),
                **{name: getattr(card, name) for name in ("target", "token", "before", "after")},
                "hints": card.hints,
                "frames": {name: getattr(card, f"{name}_frames") for name in names},
                "shorts": dice.some(card.shorts, 4),
                "careless": round(low + (high - low) * rng.random_sample(), 4),
                "style": {
                    "joint": dice.pick((" and ", " ")),
                    "hyphen": dice.pick(("-", " ")),
                    "zero": dice.pick(("zero", "oh", "nought")),
                    "point": dice.pick(("point", "comma", "dot")),
                },
                "date_written": dice.pick(
                    ("{y}-{m:02d}-{d:02d}", "{d}.{m}.{y}", "{m}/{d}/{y}", "{d:02d}/{m:02d}/{y}")
                ),
                "date_read": dice.pick(
                    ("the {d} of {m} {y}", "{m} the {d} {y}", "{m} {d} {y}", "{y} {m} {d}")
                ),
                "plural": dice.pick(("s", "en", "i", "um")),
                "minor_joint": dice.pick((" and ", " ", " with ")),
            }
        )

    def insights(self, card: NormaliseCard) -> Sequence[Insight]:
        """Name the rules."""
        token, before = f"`{card.token.name}`", f"`{card.before.name}`"
        return (
            Insight(token, "numbers", "numbers are written out in one house style"),
            Insight(token, "structure", "dates, amounts, measures and codes are made of parts"),
            Insight(f"{token}, {before}", "context", "the word before decides on years and abbreviations"),
        )

    def compose(self, knobs: NormaliseKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw tokens with their contexts and readings, and leave a few alone."""
        tables = _tables(stream(*key, "lexicon"))
        dice = Dice(stream(*key, "tokens"))
        edges = np.round(np.cumsum(SHARES), 6).tolist()
        rows = [_row(knobs, tables, dice.weighed(KINDS, edges), dice) for _ in ids]
        alone = stream(*key, "careless").random_sample(len(ids)) < knobs.careless
        target = knobs.target.name
        reading = [reading for *_, reading in rows]
        columns = {
            knobs.before.name: [before for before, *_ in rows],
            knobs.token.name: [token for _, token, *_ in rows],
            knobs.after.name: [after for _, _, after, _ in rows],
            target: [
                token if left else said
                for (_, token, _, said), left in zip(rows, alone, strict=True)
            ],
        }
        train, test = split_rows(columns, knobs.train_rows)
        texts = (knobs.before, knobs.token, knobs.after)
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle={target: reading[knobs.train_rows :]},
            sample={target: SILENT},
            cell_chars=160,
            statement=Statement(
                task=f"Write every token the way it is read aloud: `{target}`, {knobs.target.about}.",
                targets=(target,),
                columns={text.name: text.about for text in texts}
                | {target: f"{knobs.target.about} (train only)"},
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _tables(rng: np.random.RandomState) -> Tables:
    """Invent units, coins and words; abbreviations are the first letter and some consonants."""
    lexicon = Lexicon(rng)
    units: dict[str, str] = {}
    while len(units) < UNITS:
        (name,) = lexicon.words(1)
        short = name[0] + "".join(letter for letter in name[1:] if letter not in "aeiou")[:2]
        units.setdefault(short, name)
    coin, cent = lexicon.words(2, syllables=(1, 1))
    return Tables(lexicon.words(400), units, coin[:2].upper(), coin, cent)


Reader = Callable[[NormaliseKnobs, Tables, Dice], tuple[str, str]]
"""Draws a token and returns it with its reading."""


def _row(
    knobs: NormaliseKnobs, tables: Tables, kind: str, dice: Dice
) -> tuple[str, str, str, str]:
    """Draw one row: the words before, the token, the words after, the reading."""
    frames = knobs.frames
    if kind == "short":
        short = dice.pick(knobs.shorts)
        counted = dice.chance(0.5)
        token, reading = short.token, short.counted if counted else short.named
        frame = dice.pick(frames["counted" if counted else "named"])
    else:
        token, reading = _READERS[kind](knobs, tables, dice)
        frame = dice.pick(frames.get(kind, frames["plain"]))
    shown = frame.format(n=dice.between(2, 99), w=dice.pick(tables.plain))
    before, _, after = shown.partition("|")
    return before.strip() or "-", token, after.strip() or "-", reading


def _plain(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    word = dice.pick(tables.plain)
    word = word.capitalize() if dice.chance(0.3) else word
    return word, word


def _mark(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    return dice.pick((";", ":", ".", "!", "?")), SILENT


def _number(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    value = dice.below(10 ** dice.between(2, 5))
    return (f"{value:,}" if dice.chance(0.6) else str(value)), numerals.cardinal(value, knobs.style)


def _year(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    value = dice.between(1100, 1999)
    return str(value), numerals.year(value, knobs.style)


def _date(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    d, m, y = dice.between(1, 28), dice.between(1, 12), dice.between(1700, 1999)
    return knobs.date_written.format(d=d, m=m, y=y), knobs.date_read.format(
        d=numerals.ordinal(d, knobs.style),
        m=numerals.MONTHS[m - 1],
        y=numerals.year(y, knobs.style),
    )


def _money(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    whole = dice.between(1, 10 ** dice.between(1, 3))
    spoken = _amount(whole, tables.coin, knobs)
    if dice.chance(0.4):
        return f"{tables.sign}{whole}", spoken
    small = dice.between(1, 99)
    return (
        f"{tables.sign}{whole}.{small:02d}",
        f"{spoken}{knobs.minor_joint}{_amount(small, tables.cent, knobs)}",
    )


def _measure(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    short = dice.pick(tuple(tables.units))
    whole, part = dice.between(1, 10 ** dice.between(1, 3)), dice.between(0, 9)
    if dice.chance(0.6):
        return f"{whole}{short}", _amount(whole, tables.units[short], knobs)
    spoken = f"{numerals.cardinal(whole, knobs.style)} {knobs.style.point}"
    name = f"{tables.units[short]}{knobs.plural}"
    return f"{whole}.{part}{short}", f"{spoken} {numerals.digits(str(part), knobs.style)} {name}"


def _code(knobs: NormaliseKnobs, tables: Tables, dice: Dice) -> tuple[str, str]:
    groups = [f"{dice.below(100):02d}" for _ in range(dice.between(2, 3))]
    spoken = (numerals.digits(group, knobs.style) for group in groups)
    return "-".join(groups), f" {SILENT} ".join(spoken)


def _amount(count: int, name: str, knobs: NormaliseKnobs) -> str:
    ending = "" if count == 1 else knobs.plural
    return f"{numerals.cardinal(count, knobs.style)} {name}{ending}"


_READERS: dict[str, Reader] = {
    "plain": _plain,
    "mark": _mark,
    "number": _number,
    "year": _year,
    "date": _date,
    "money": _money,
    "measure": _measure,
    "code": _code,
}


def _witnesses(knobs: NormaliseKnobs) -> dict[str, str]:
    """Tiers: look up or copy; then numbers; then everything made of parts; then context."""
    token, before, target = knobs.token.name, knobs.before.name, knobs.target.name
    read = (
        f'tokens, after = train["{token}"].astype(str).tolist(), train["{target}"].astype(str).tolist()\n'
        f'asked = test["{token}"].astype(str).tolist()\n'
    )
    write = f'answer = {{"{target}": said}}\n'
    context = (
        f'context = [str(text).split()[-1] for text in train["{before}"]]\n'
        f'around = [str(text).split()[-1] for text in test["{before}"]]\n'
    )
    rules = "said = by_rules(tokens, after, asked, [{}])\n"
    bodies = {
        "trivial": (f"said = Counter(after).most_common(1)[0][0]\n{write}", "the most frequent text"),
        "competent": (
            f"said = looked_up(tokens, after, asked)\n{write}",
            "what the token was read as before, else the token itself",
        ),
        "insight": (
            rules.format("number_readings") + write,
            "the same with numbers written out in the style that fits",
        ),
        "insights": (
            rules.format("number_readings, date_readings, amount_readings, code_readings") + write,
            "the same with dates, amounts, measures and codes",
        ),
        "expert": (
            context
            + "said = by_context(tokens, context, after, asked, around, [number_readings, "
            f"date_readings, amount_readings, code_readings])\n{write}",
            "the same, with the word before deciding where it should",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = SequenceNormalise()
