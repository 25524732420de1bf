"""The words of a remark that carry its tone: one clause praises, one blames, the label says which is meant.

Telling words are invented and many, but their endings tell their tone; a negation turns it round. The span
is a fixed part of the telling clause, so the truth is the oracle.
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
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.parts import Hints, Templates, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

ENDINGS = ("ous", "ish", "ent", "ard", "ive", "olk")
"""Endings of telling words; half of those that are drawn are of one tone."""
STEMS = 24
"""Stems of telling words; most forms in the test rows are new."""


class SpanHints(Frozen):
    """A practitioner's remarks."""

    tone: Hints
    negation: Hints
    endings: Hints
    bounds: Hints


class SpanRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (150, 200)
    negated: ShareRange = (0.2, 0.3)
    """Telling words that are negated."""


class SpanCard(SeedCard):
    """A card of this family."""

    target: Text
    text: Text
    tone: Text
    tones: tuple[Word, Word]
    clauses: Templates
    """Telling clauses with places for {mark} and {thing}; the span stands in [brackets]."""
    fillers: Templates
    """Neutral clauses with a place for {thing}."""
    things: Templates
    boosters: Annotated[tuple[str, ...], Field(min_length=2)]
    negators: Annotated[tuple[str, ...], Field(min_length=2)]
    ranges: SpanRanges = SpanRanges()
    hints: SpanHints


class SpanKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    text: Text
    tone: Text
    tones: tuple[str, str]
    clauses: tuple[str, ...]
    fillers: tuple[str, ...]
    things: tuple[str, ...]
    boosters: tuple[str, ...]
    negators: tuple[str, ...]
    hints: SpanHints
    negated: Share
    endings: tuple[str, str, str, str]
    """Two of the first tone, two of the second."""


class TextSpan(Family):
    """The target is a text."""

    name = "text_span"
    metrics: ClassVar = dict.fromkeys(("jaccard_words", "f1_words", "edit_similarity"), Form.TEXT)
    card = SpanCard
    knobs = SpanKnobs
    trains = "Marking a part of a text, with a label that says which of several parts is meant."
    exploits = (
        "Submitting the whole text is what the trivial witness does.",
        "The place of the clauses is random, so the first or last clause is as good as any.",
    )

    def derive(self, card: SpanCard, rng: np.random.RandomState, attempt: int) -> SpanKnobs:
        """Choose endings, phrases and how often a word is negated."""
        del attempt  # the rules are exact, so there is no noise to lower
        dice, (low, high) = Dice(rng), card.ranges.negated
        words = ("target", "text", "tone", "tones", "boosters", "hints")
        return SpanKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1300),
                **{name: getattr(card, name) for name in words},
                "clauses": dice.some(card.clauses, 6),
                "fillers": dice.some(card.fillers, 6),
                "things": dice.some(card.things, 12),
                "negators": dice.some(card.negators, 3),
                "negated": round(low + (high - low) * rng.random_sample(), 3),
                "endings": dice.some(ENDINGS, 4),
            }
        )

    def insights(self, card: SpanCard) -> Sequence[Insight]:
        """Name the steps."""
        text, tone = f"`{card.text.name}`", f"`{card.tone.name}`"
        return (
            Insight(
                f"{text}, {tone}",
                "tone",
                "a word in the span under one tone is outside it under the other",
            ),
            Insight(
                text,
                "negation",
                "a negated word carries the other tone; the span holds the negation",
            ),
            Insight(text, "endings", "two endings of telling words carry one tone, two the other"),
        )

    def compose(self, knobs: SpanKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the remarks and note the span of the tone that is asked for."""
        stems = Lexicon(stream(*key, "lexicon")).words(STEMS)
        dice = Dice(stream(*key, "text"))
        rows = [_remark(knobs, stems, dice) for _ in ids]
        target = knobs.target.name
        names = (knobs.tone.name, knobs.text.name, target)
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        train, test = split_rows(columns, knobs.train_rows)
        truth = test.pop(target)
        first, second = knobs.tones
        return Drawn(
            train=train,
            truth={target: truth},
            test=test,
            oracle={target: truth},
            sample={target: "the"},
            cell_chars=400,
            statement=Statement(
                task=f"For every text and its label, copy out `{target}`: {knobs.target.about}.",
                targets=(target,),
                columns={
                    knobs.tone.name: f"{knobs.tone.about}: `{first}` or `{second}`",
                    knobs.text.name: knobs.text.about,
                    target: f"{knobs.target.about} (train only)",
                },
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _remark(knobs: SpanKnobs, stems: list[str], dice: Dice) -> tuple[str, str, str]:
    """Write one remark; return its label, its text and the span."""
    asked = dice.below(2)
    spans, clauses = [], []
    for tone in (0, 1):
        negated = dice.chance(knobs.negated)
        sounding = 1 - tone if negated else tone
        word = dice.pick(stems) + knobs.endings[2 * sounding + dice.below(2)]
        lead = [dice.pick(knobs.negators)] if negated else []
        lead += [dice.pick(knobs.boosters)] * dice.chance(0.4)
        template = dice.pick(knobs.clauses)
        head, span, tail = template.replace("]", "[").split("[")
        fields = {"mark": " ".join([*lead, word]), "thing": dice.pick(knobs.things)}
        spans.append(span.format(**fields))
        clauses.append(f"{head}{spans[tone]}{tail}".format(**fields))
    fillers = dice.some(knobs.fillers, dice.between(1, 2))
    clauses += [filler.format(thing=dice.pick(knobs.things)) for filler in fillers]
    text = ""
    for place, clause in enumerate(dice.some(clauses, len(clauses))):
        text += (dice.pick((", and ", "; ", ", but ", ". ")) if place else "") + clause
    return knobs.tones[asked], f"{text}.", spans[asked]


def _witnesses(knobs: SpanKnobs) -> dict[str, str]:
    """Tiers: all words; words that look like a span; then the clause, by words, negations, endings."""
    text, tone, target = knobs.text.name, knobs.tone.name, knobs.target.name
    read = (
        f'texts = [*train["{text}"], *test["{text}"]]\n'
        f'asked = [*train["{tone}"], *test["{tone}"]]\n'
        f'spans = train["{target}"].tolist()\n'
        "words = [words_of(text) for text in texts]\n"
    )
    whole = (
        "everywhere = [(0, len(row)) for row in words]\n"
        "chances = span_chances(words, spans, everywhere[: len(spans)])\n"
        "chosen = everywhere[len(spans) :]\n"
    )
    alike = "contexts = [[label] * len(row) for row, label in zip(words, asked, strict=True)]\n"
    turned = f"contexts = negated_context(words, asked, {list(knobs.negators)})\n"
    clause = (
        "clauses = clause_places(words)\n"
        "chosen = telling_clauses(words, clauses, contexts, spans, {})\n"
        "chances = span_chances(words, spans, holding(clauses, words, spans))\n"
    )
    write = (
        "rows = zip(words[len(spans) :], chances, chosen, strict=True)\n"
        f'answer = {{"{target}": [best_window(*row) for row in rows]}}\n'
    )
    bodies = {
        "trivial": (f'answer = {{"{target}": test["{text}"]}}\n', "the whole text"),
        "competent": (whole + write, "the window of words that most look like a span"),
        "insight": (
            alike + clause.format("str") + write,
            "the clause whose words fit the label, then the window in it",
        ),
        "insights": (
            turned + clause.format("str") + write,
            "the same, negations turning the label round",
        ),
        "expert": (
            turned + clause.format("lambda word: word[-3:]") + write,
            "the same by the endings of words",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = TextSpan()
