"""Reading an invented language aloud, in which figures become words and both they and nouns are inflected.

A row is one token with the words around it. The preposition decides on the case, the number on singular, few
or many, the end of a noun on its class and its last vowel on the vowel of the ending. Nothing is random but
the words, so the truth is the oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

BACK, FRONT = ("a", "o", "u"), ("e", "i")
SOFT = ("l", "m", "n", "r")
"""Letters at whose end an ending is put without a link."""
CASE_ENDS: tuple[str, ...] = ("n", "s", "k", "t", "m", "r", "sh", "lt")
NUMERAL_ENDS: tuple[str, ...] = ("z", "p", "x", "f", "d", "g")
KINDS, SHARES = ("plain", "figure", "noun"), (0.18, 0.5, 1.0)


class InflectHints(Frozen):
    """A practitioner's remarks."""

    cases: Hints
    numbers: Hints
    nouns: Hints
    plain: Hints


class InflectCard(SeedCard):
    """A card of this family."""

    target: Text
    token: Text
    before: Text
    after: Text
    cases: Annotated[tuple[int, int], Field()] = (3, 4)
    """Range of the number of cases."""
    ranges: Ranges = Ranges(train_rows=(180, 200))
    hints: InflectHints


class InflectKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    token: Text
    before: Text
    after: Text
    hints: InflectHints
    cases: int
    link: str
    """Vowel between a noun that ends hard and its ending."""
    harmony: tuple[tuple[str, str], ...]
    """Vowel of the ending of each case after back and after front vowels."""


@dataclass(frozen=True)
class Language:
    """The words and endings of a task."""

    prepositions: dict[str, int]
    """Preposition -> case."""
    numbers: tuple[str, str, str]
    """Endings of nouns for one, few and many."""
    case_ends: list[str]
    """Consonants that end nouns in each case."""
    numeral_ends: list[str]
    """Endings of numerals in each case."""
    ones: list[str]
    tens: list[str]
    nouns: list[str]
    plain: list[str]


class SequenceInflect(Family):
    """The target is a text."""

    name = "sequence_inflect"
    metrics: ClassVar = dict.fromkeys(
        ("accuracy_text", "edit_similarity", "levenshtein"), Form.TEXT
    )
    card = InflectCard
    knobs = InflectKnobs
    trains = "Finding the few rules behind many forms, so that words never seen come out right."
    exploits = (
        "Looking tokens up: nouns of the test rows are mostly new, and figures come in other cases.",
        "Copying the token is right for uninflected words only; the competent witness does so already.",
    )

    def derive(self, card: InflectCard, rng: np.random.RandomState, attempt: int) -> InflectKnobs:
        """Choose the number of cases, the link and the vowels of the endings."""
        del attempt  # the rules are exact, so there is no noise to lower
        dice = Dice(rng)
        cases = dice.between(*card.cases)
        return InflectKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1500),
                **{
                    name: getattr(card, name)
                    for name in ("target", "token", "before", "after", "hints")
                },
                "cases": cases,
                "link": dice.pick(("i", "o", "u")),
                "harmony": [(dice.pick(BACK), dice.pick(FRONT)) for _ in range(cases)],
            }
        )

    def insights(self, card: InflectCard) -> Sequence[Insight]:
        """Name the rules."""
        token, before = f"`{card.token.name}`", f"`{card.before.name}`"
        return (
            Insight(before, "cases", "the preposition decides on the ending; some share a case"),
            Insight(
                f"{token}, {before}",
                "numbers",
                "one, few, many go by the last figure, teens are many",
            ),
            Insight(token, "composition", "a figure is read as its tens and its ones"),
            Insight(
                token, "nouns", "the last letter decides on the link, the last vowel on the ending"
            ),
        )

    def compose(self, knobs: InflectKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw tokens with their contexts and readings."""
        language = _language(knobs, stream(*key, "lexicon"))
        dice = Dice(stream(*key, "tokens"))
        rows = [_row(knobs, language, dice) for _ in ids]
        target = knobs.target.name
        names = (knobs.before.name, knobs.token.name, knobs.after.name, target)
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        train, test = split_rows(columns, knobs.train_rows)
        texts = (knobs.before, knobs.token, knobs.after)
        truth = test.pop(target)
        return Drawn(
            train=train,
            truth={target: truth},
            test=test,
            oracle={target: truth},
            sample={target: "-"},
            cell_chars=120,
            statement=Statement(
                task=f"Read every token aloud: `{target}`, {knobs.target.about}.",
                targets=(target,),
                columns={text.name: text.about for text in texts}
                | {target: f"{knobs.target.about} (train only)"},
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _language(knobs: InflectKnobs, rng: np.random.RandomState) -> Language:
    lexicon, dice = Lexicon(rng), Dice(rng)
    ends = dice.some(CASE_ENDS, knobs.cases)
    few, many = dice.some(("ub", "og", "iv", "ed", "az"), 2)
    prepositions = lexicon.words(knobs.cases + 2, syllables=(1, 1))
    vowels = [*BACK, *FRONT]
    nouns = [word + dice.pick(vowels) if dice.chance(0.3) else word for word in lexicon.words(500)]
    return Language(
        prepositions={word: place % knobs.cases for place, word in enumerate(prepositions)},
        numbers=("", few, many),
        case_ends=ends,
        numeral_ends=[dice.pick(vowels) + end for end in dice.some(NUMERAL_ENDS, knobs.cases)],
        ones=lexicon.words(9, syllables=(1, 1)),
        tens=lexicon.words(9),
        nouns=nouns,
        plain=lexicon.words(250),
    )


def _row(knobs: InflectKnobs, language: Language, dice: Dice) -> tuple[str, str, str, str]:
    """Draw one row: the words before, the token, the words after, the reading."""
    kind = dice.weighed(KINDS, SHARES)
    first, last = dice.pick(language.plain), dice.pick(language.plain)
    preposition, noun = dice.pick(tuple(language.prepositions)), dice.pick(language.nouns)
    if kind == "plain":
        return dice.pick(language.plain), first, f"{preposition} {last}", first
    number, case = dice.between(1, 99), language.prepositions[preposition]
    if kind == "figure":
        read = _numeral(number, language) + language.numeral_ends[case]
        return f"{first} {preposition}", str(number), f"{noun} {last}", read
    return f"{first} {preposition} {number}", noun, last, _noun(knobs, language, noun, number, case)


def _numeral(number: int, language: Language) -> str:
    tens, ones = divmod(number, 10)
    words = [language.tens[tens - 1]] * (tens > 0) + [language.ones[ones - 1]] * (ones > 0)
    return " ".join(words)


def _noun(knobs: InflectKnobs, language: Language, noun: str, number: int, case: int) -> str:
    """Inflect a noun: its stem, a link, the ending of number, the ending of case."""
    vowels = [letter for letter in noun if letter in (*BACK, *FRONT)]
    back, front = knobs.harmony[case]
    ending = (back if vowels[-1] in BACK else front) + language.case_ends[case]
    stem = noun[:-1] if noun[-1] in (*BACK, *FRONT) else noun
    hard = stem == noun and noun[-1] not in SOFT
    return stem + (knobs.link if hard else "") + language.numbers[_amount(number)] + ending


def _amount(number: int) -> int:
    """Return 0 for one, 1 for few, 2 for many; the teens are many."""
    last = 0 if 10 < number < 20 else number % 10
    return 0 if last == 1 else 1 if 2 <= last <= 4 else 2


def _witnesses(knobs: InflectKnobs) -> dict[str, str]:
    """Tiers: the commonest ending; then by preposition; then by amount, figures composed; then by noun."""
    token, before, target = knobs.token.name, knobs.before.name, knobs.target.name
    read = (
        f'tokens, after = train["{token}"].astype(str).tolist(), train["{target}"].tolist()\n'
        f'asked = test["{token}"].astype(str).tolist()\n'
        f'context, around = train["{before}"].str.split().tolist(), test["{before}"].str.split().tolist()\n'
    )
    write = f'answer = {{"{target}": said}}\n'
    by = "said = inflected(tokens, context, after, asked, around, {})\n"
    bodies = {
        "trivial": (
            "said = Counter(after).most_common(1)[0][0]\n" + write,
            "the most frequent text",
        ),
        "competent": (by.format("lambda words: ()") + write, "look-up, else the commonest ending"),
        "insight": (
            by.format("lambda words: preposition_of(words)") + write,
            "the commonest ending after each preposition",
        ),
        "insights": (
            by.format("lambda words: (preposition_of(words), amount_of(words)), compose=True")
            + write,
            "endings by preposition and amount, figures from tens and ones",
        ),
        "expert": (
            by.format("lambda words: (preposition_of(words), amount_of(words)), compose=True")
            + f"said = with_nouns(tokens, context, after, asked, around, said)\n{write}",
            "endings taken apart into link, amount and case, by the sound of the noun",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = SequenceInflect()
