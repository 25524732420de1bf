"""Written tokens to spoken words: numbers, years, dates, money, measures, codes, ambiguous abbreviations.

A row is one token with the words around it. All readings follow from tables and a house style that are drawn
for each task. A small share of the truth is the token as it stood, left alone by a careless clerk; nobody can
know which, so the oracle submits the reading of every token.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text, Word
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.families.text.tokens import READERS, SILENT, House, Tables, invent
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Frames = Annotated[tuple[str, ...], Field(min_length=3)]
"""Contexts: words, a bar for the token, words; {n} stands for a number, {w} for an invented word."""

KINDS = ("plain", "mark", "number", "year", "date", "money", "measure", "code", "short")
SHARES = (0.22, 0.05, 0.15, 0.08, 0.11, 0.10, 0.11, 0.07, 0.11)


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
    house: House


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

    def derive(
        self, card: NormaliseCard, rng: np.random.RandomState, attempt: int
    ) -> NormaliseKnobs:
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
                "house": {
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
                },
            }
        )

    def insights(self, card: NormaliseCard) -> Sequence[Insight]:
        """Name the rules."""
        token, before = f"`{card.token.name}`", f"`{card.before.name}`"
        return (
            Insight(token, "numbers", "numbers are written out in one house style"),
            Insight(token, "structure", "dates, amounts, measures and codes are made of parts"),
            Insight(
                f"{token}, {before}",
                "context",
                "the word before decides on years and abbreviations",
            ),
        )

    def compose(self, knobs: NormaliseKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw tokens with their contexts and readings, and leave a few alone."""
        tables = invent(stream(*key, "lexicon"))
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


def _row(knobs: NormaliseKnobs, tables: Tables, kind: str, dice: Dice) -> tuple[str, str, str, str]:
    """Draw one row: the words before, the token, the words after, the reading."""
    frames = knobs.frames
    if kind == "short":
        short = dice.pick(knobs.shorts)
        counted = dice.chance(0.5)
        token, reading = short.token, short.counted if counted else short.named
        frame = dice.pick(frames["counted" if counted else "named"])
    else:
        token, reading = READERS[kind](knobs.house, tables, dice)
        frame = dice.pick(frames.get(kind, frames["plain"]))
    shown = frame.format(n=dice.between(2, 99), w=dice.pick(tables.plain))
    before, _, after = shown.partition("|")
    further = dice.pick(tables.plain), dice.pick(tables.plain)
    return f"{further[0]} {before}".strip(), token, f"{after} {further[1]}".strip(), reading


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
        "trivial": (
            f"said = Counter(after).most_common(1)[0][0]\n{write}",
            "the most frequent text",
        ),
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
            context + "said = by_context(tokens, context, after, asked, around, [number_readings, "
            f"date_readings, amount_readings, code_readings])\n{write}",
            "the same, with the word before deciding where it should",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = SequenceNormalise()
