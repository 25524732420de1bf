"""What a machine answers to a series of events: a table of answers, and the rules by which it is read.

A switch changes the table, an undo takes the last answer back, an event that is repeated at once is ignored,
and some events are answered late, after the answer to the next one. The machine is exact, so the truth is the
oracle.
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
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Words = Annotated[tuple[Word, ...], Field(min_length=2)]


class RuleHints(Frozen):
    """A practitioner's remarks."""

    switch: Hints
    undo: Hints
    repeats: Hints
    late: Hints


class RuleRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (80, 130)
    special: ShareRange = (0.16, 0.2)
    """Events that are a switch or, a third of them, an undo."""
    repeated: ShareRange = (0.07, 0.1)
    """Events that repeat the one before."""


class RuleCard(SeedCard):
    """A card of this family. Words are single, for they are separated by blanks."""

    target: Text
    events: Text
    names: Annotated[tuple[Word, ...], Field(min_length=9)]
    """Events that are answered."""
    switches: Words
    """Names for the event that changes the table, one of which is used."""
    undos: Words
    """Names for the event that takes back, one of which is used."""
    answers: Annotated[tuple[Word, ...], Field(min_length=9)]
    idle: Word
    """Stands alone where there is no answer at all."""
    length: tuple[int, int] = (9, 14)
    """Events of a series."""
    ranges: RuleRanges = RuleRanges()
    hints: RuleHints


class RuleKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    events: Text
    hints: RuleHints
    tables: tuple[dict[str, str], dict[str, str]]
    """Event -> answer, before and after a switch."""
    switch: str
    undo: str
    late: tuple[str, ...]
    """Events that are answered after the next one."""
    idle: str
    length: tuple[int, int]
    special: Share
    repeated: Share


class SequenceRule(Family):
    """The target is a text: the answers, separated by blanks."""

    name = "sequence_rule"
    metrics: ClassVar = dict.fromkeys(("word_error_rate", "edit_similarity", "f1_words"), Form.TEXT)
    card = RuleCard
    knobs = RuleKnobs
    trains = "Inferring a machine with a memory from what goes in and what comes out."
    exploits = (
        "Guessing the length of the answer: it does not follow from the length of the series alone.",
        "Frequent answers: all answers are about equally frequent.",
    )

    def derive(self, card: RuleCard, rng: np.random.RandomState, attempt: int) -> RuleKnobs:
        """Build the machine."""
        del attempt  # the machine is exact, so there is no noise to lower
        dice, ranges = Dice(rng), card.ranges
        names = dice.some(card.names, 8)
        first = dict(zip(names, dice.some(card.answers, 8), strict=True))
        moved = dice.some(names, 7)
        second = first | dict(
            zip(moved, (first[name] for name in moved[1:] + moved[:1]), strict=True)
        )
        special, repeated = (
            low + (high - low) * rng.random_sample()
            for low, high in (ranges.special, ranges.repeated)
        )
        return RuleKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1200),
                **{name: getattr(card, name) for name in ("target", "events", "hints", "idle")},
                "tables": (first, second),
                "switch": dice.pick(card.switches),
                "undo": dice.pick(card.undos),
                "late": dice.some(names, 2),
                "length": card.length,
                "special": round(special, 3),
                "repeated": round(repeated, 3),
            }
        )

    def insights(self, card: RuleCard) -> Sequence[Insight]:
        """Name the rules."""
        where = f"`{card.events.name}`"
        return (
            Insight(
                where, "switch", f"one of {', '.join(card.switches)} changes the table of answers"
            ),
            Insight(where, "undo", f"one of {', '.join(card.undos)} takes the last answer back"),
            Insight(where, "repeats", "an event right after itself is ignored"),
            Insight(where, "late", "two events are answered after the answer to the next one"),
        )

    def compose(self, knobs: RuleKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the series and let the machine answer."""
        dice = Dice(stream(*key, "events"))
        series = [_series(knobs, dice) for _ in ids]
        target, events = knobs.target.name, knobs.events.name
        columns = {
            events: [" ".join(names) for names in series],
            target: [" ".join(_answers(knobs, names)) or knobs.idle for names in series],
        }
        train, test = split_rows(columns, knobs.train_rows)
        truth = test.pop(target)
        return Drawn(
            train=train,
            truth={target: truth},
            test=test,
            oracle={target: truth},
            sample={target: knobs.idle},
            cell_chars=400,
            statement=Statement(
                task=f"For every series of events, predict `{target}`: {knobs.target.about}.",
                targets=(target,),
                columns={
                    events: knobs.events.about,
                    target: f"{knobs.target.about}; `{knobs.idle}` where there is none (train only)",
                },
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _series(knobs: RuleKnobs, dice: Dice) -> list[str]:
    names, found = tuple(knobs.tables[0]), []
    for _ in range(dice.between(*knobs.length)):
        if dice.chance(knobs.special):
            found.append(dice.pick((knobs.switch, knobs.switch, knobs.undo)))
        elif found and found[-1] in names and dice.chance(knobs.repeated):
            found.append(found[-1])
        else:
            found.append(dice.pick(names))
    return found


def _answers(knobs: RuleKnobs, series: list[str]) -> list[str]:
    """Let the machine answer; a late answer that nothing follows comes at the end."""
    given: list[str] = []
    waiting, mode, before = "", 0, ""
    for name in series:
        if name == knobs.switch:
            mode = 1 - mode
        elif name == knobs.undo:
            del given[-1:]
        elif name != before:
            answer = knobs.tables[mode][name]
            if name in knobs.late and not waiting:
                waiting = answer
            else:
                given += [answer, waiting] if waiting else [answer]
                waiting = ""
        before = name
    return [*given, waiting] if waiting else given


def _witnesses(knobs: RuleKnobs) -> dict[str, str]:
    """Tiers: one table; then two by the switch; then undo and repeats; then late answers."""
    events, target = knobs.events.name, knobs.target.name
    read = (
        f'series, asked = train["{events}"].str.split().tolist(), test["{events}"].str.split().tolist()\n'
        f'given = train["{target}"].replace("{knobs.idle}", "").str.split().tolist()\n'
    )
    write = f'answer = {{"{target}": [" ".join(row) or "{knobs.idle}" for row in said]}}\n'
    run = "said = machine_answers(series, given, asked, {})\n"
    known = f'switch="{knobs.switch}", undo="{knobs.undo}"'
    bodies = {
        "trivial": (
            f'answer = {{"{target}": most_alike(train["{target}"].tolist())}}\n',
            "the series of answers that is most like the others",
        ),
        "competent": (
            run.format(f'dict(nothing={{"{knobs.switch}", "{knobs.undo}"}})') + write,
            "one answer for each event",
        ),
        "insight": (
            run.format(f'dict(nothing={{"{knobs.undo}"}}, switch="{knobs.switch}")') + write,
            "two tables of answers and a switch",
        ),
        "insights": (
            run.format(f"dict({known}, repeats=True)") + write,
            "the same with undo and repeats",
        ),
        "expert": (
            run.format(f"dict({known}, repeats=True, late={sorted(knobs.late)})") + write,
            "the same with late answers",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = SequenceRule()
