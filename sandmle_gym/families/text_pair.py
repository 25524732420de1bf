"""How well two descriptions agree for a purpose: other words for the same thing, denials, and what matters when.

Each description names one sense of every kind of feature, in any order, some of them denied. Where both
say the same (or deny the same), the kind counts for agreement; where one denies what the other says, it
counts against. What a kind weighs depends on the purpose. Normal noise is added, so the sum is the oracle.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text, Word, write_csv
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.parts import Hints, programs, remarks, sentence, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

GLOSSARY = "glossary.csv"
SENSES = 4
"""Senses of each kind of feature."""
WORDS = 4
"""Words for each sense."""
ALIKE = 0.45
"""How often equal senses are given by the same word."""


class Kind(Frozen):
    """A kind of feature."""

    name: Word
    phrases: Annotated[tuple[str, ...], Field(min_length=2)]
    """Clauses with a place for the word, {w}, and one for a denial, {no}."""


class PairHints(Frozen):
    """A practitioner's remarks."""

    senses: Hints
    denials: Hints
    purposes: Hints


class PairRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (150, 200)
    noise: ShareRange = (0.05, 0.09)
    """Share of the variance of the target that nothing explains."""
    denied: ShareRange = (0.07, 0.11)
    """Features that are denied."""


class PairCard(SeedCard):
    """A card of this family."""

    target: Text
    purpose: Text
    purposes: Annotated[tuple[Word, ...], Field(min_length=2, max_length=4)]
    first: Text
    second: Text
    glossary: Text
    """What the glossary is, and by whom."""
    kinds: Annotated[tuple[Kind, ...], Field(min_length=3, max_length=6)]
    denials: Annotated[tuple[str, ...], Field(min_length=2)]
    ranges: PairRanges = PairRanges()
    hints: PairHints


class PairKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    purpose: Text
    purposes: tuple[str, ...]
    first: Text
    second: Text
    glossary: Text
    kinds: tuple[Kind, ...]
    denials: tuple[str, ...]
    hints: PairHints
    noise: Share
    denied: Share


class TextPair(Family):
    """The target is a number."""

    name = "text_pair"
    metrics: ClassVar = dict.fromkeys(("pearson", "spearman", "rmse", "r2"), Form.VALUE)
    card = PairCard
    knobs = PairKnobs
    trains = "Comparing meanings instead of words, with a side file that tells which words mean the same."
    exploits = (
        "Shared letters: different words of one sense have nothing in common but the sense.",
        "The glossary holds all words, whether they occur in a pair or not.",
    )

    def derive(self, card: PairCard, rng: np.random.RandomState, attempt: int) -> PairKnobs:
        """Choose the kinds of features and how often they are denied."""
        dice, ranges = Dice(rng), card.ranges
        noise, denied = (
            low + (high - low) * rng.random_sample() for low, high in (ranges.noise, ranges.denied)
        )
        words = ("target", "purpose", "first", "second", "glossary", "hints", "denials")
        return PairKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1500),
                **{name: getattr(card, name) for name in words},
                "purposes": dice.some(card.purposes, 3),
                "kinds": dice.some(card.kinds, 4),
                "noise": round(noise * 0.9**attempt, 4),
                "denied": round(denied, 3),
            }
        )

    def insights(self, card: PairCard) -> Sequence[Insight]:
        """Name the steps."""
        both = f"`{card.first.name}`, `{card.second.name}`"
        return (
            Insight(f"{both}, `{GLOSSARY}`", "senses", "words of one sense agree, whatever they look like"),
            Insight(both, "denials", "to deny what the other says counts as much against as to agree counts for"),
            Insight(f"`{card.purpose.name}`", "weights", "each purpose has its own weight for each kind"),
        )

    def compose(self, knobs: PairKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the pairs, weigh their agreement, add noise."""
        count, kinds = len(ids), len(knobs.kinds)
        words, rows = _glossary(knobs, key)
        purpose = stream(*key, "purpose").randint(len(knobs.purposes), size=count)
        agreement, pairs = _pairs(knobs, words, key, count)
        weights = _weights(stream(*key, "weights"), len(knobs.purposes), kinds)
        sums = np.round((weights[purpose] * agreement).sum(axis=1), 4)
        spread = round(float(np.std(sums) * np.sqrt(knobs.noise / (1 - knobs.noise))), 4)
        noise = stream(*key, "noise").standard_normal(count).round(5)
        values = np.round(5 + 2 * (sums + spread * noise), 2)
        best = oracle.values(knobs.metric, 5 + 2 * sums, 2 * spread)
        target = knobs.target.name
        columns = {
            knobs.purpose.name: [knobs.purposes[k] for k in purpose],
            knobs.first.name: [first for first, _ in pairs],
            knobs.second.name: [second for _, second in pairs],
            target: [f"{value:.2f}" for value in values],
        }
        train, test = split_rows(columns, knobs.train_rows)
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle={target: [f"{value:.4f}" for value in best[knobs.train_rows :]]},
            sample={target: "5.00"},
            files={GLOSSARY: rows},
            statement=_statement(knobs, key),
            witnesses=_witnesses(knobs),
        )


def _weights(rng: np.random.RandomState, purposes: int, kinds: int) -> np.ndarray:
    """Draw what each kind weighs for each purpose: from little to much, in another order each time."""
    levels = np.linspace(0.15, 1.6, kinds)
    return np.array([levels[rng.permutation(kinds)] for _ in range(purposes)]).round(3)


def _glossary(
    knobs: PairKnobs, key: tuple[Label, ...]
) -> tuple[list[list[list[str]]], bytes]:
    """Return the words by kind and sense, and the file that lists them."""
    lexicon = Lexicon(stream(*key, "lexicon"))
    words = [[lexicon.words(WORDS) for _ in range(SENSES)] for _ in knobs.kinds]
    numbers = Dice(stream(*key, "senses")).some(range(101, 1000), SENSES * len(knobs.kinds))
    listed = sorted(
        (word, f"s{numbers[SENSES * kind + sense]}")
        for kind, senses in enumerate(words)
        for sense, group in enumerate(senses)
        for word in group
    )
    return words, write_csv({"word": [w for w, _ in listed], "sense": [s for _, s in listed]})


def _pairs(
    knobs: PairKnobs, words: list[list[list[str]]], key: tuple[Label, ...], count: int
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return the agreement of each kind, -1, 0 or 1, int (n, kinds), and the texts."""
    dice = Dice(stream(*key, "text"))
    agreement = np.zeros((count, len(words)), int)
    pairs = []
    for row in range(count):
        parts: tuple[list[str], list[str]] = ([], [])
        for kind, senses in enumerate(words):
            left = dice.below(SENSES)
            right = left if dice.chance(0.6) else dice.below(SENSES)
            denials = [dice.chance(knobs.denied) for _ in parts]
            agreement[row, kind] = (left == right) * (1 if denials[0] == denials[1] else -1)
            same = dice.pick(senses[left]) if left == right and dice.chance(ALIKE) else ""
            for part, sense, denied in zip(parts, (left, right), denials, strict=True):
                denial = f"{dice.pick(knobs.denials)} " if denied else ""
                phrase = dice.pick(knobs.kinds[kind].phrases)
                part.append(phrase.format(w=same or dice.pick(senses[sense]), no=denial))
        pairs.append(tuple(_described(part, dice) for part in parts))
    return agreement, pairs


def _described(parts: list[str], dice: Dice) -> str:
    """Write one description: the features in any order, in one sentence or in two."""
    mixed = dice.some(parts, len(parts))
    if dice.chance(0.5):
        return sentence(", ".join(mixed))
    return f"{sentence(', '.join(mixed[:2]))} {sentence(', '.join(mixed[2:]))}"


def _statement(knobs: PairKnobs, key: tuple[Label, ...]) -> Statement:
    texts = (knobs.purpose, knobs.first, knobs.second)
    return Statement(
        task=f"For every pair of texts, predict `{knobs.target.name}`: {knobs.target.about}.",
        targets=(knobs.target.name,),
        columns={text.name: text.about for text in texts}
        | {
            knobs.target.name: f"{knobs.target.about} (train only)",
            "word": "a word of the glossary",
            "sense": "number of what it means; equal numbers, equal meaning",
        },
        files={GLOSSARY: knobs.glossary.about},
        hints=remarks(knobs.hints, key),
    )


def _witnesses(knobs: PairKnobs) -> dict[str, str]:
    """Tiers: shared words; then shared senses; then denials; then a weight per sense's kind and purpose."""
    first, second, target = knobs.first.name, knobs.second.name, knobs.target.name
    read = (
        f'target = train["{target}"].to_numpy()\n'
        "both = pd.concat([train, test], ignore_index=True)\n"
        f'left, right = both["{first}"].tolist(), both["{second}"].tolist()\n'
        f'purpose = pd.get_dummies(both["{knobs.purpose.name}"], dtype=float).to_numpy()\n'
        f'sense = pd.read_csv("{GLOSSARY}").set_index("word")["sense"].to_dict()\n'
        f"denials = {list(knobs.denials)}\n"
    )
    fit = fits.values(target, knobs.metric, "identity")
    stack = "linear = trees = np.column_stack([purpose, shared_words(left, right){}])\n"
    senses = ", shared_senses(left, right, sense)"
    bodies = {
        "trivial": (fit.trivial, "one number for all"),
        "competent": (stack.format("") + fit.blend, "a blend of standard models on shared words"),
        "insight": (stack.format(senses) + fit.blend, "the same with shared senses"),
        "insights": (
            stack.format(senses + ", denied_senses(left, right, sense, denials)") + fit.blend,
            "the same with senses that one side denies",
        ),
        "expert": (
            "kinds = sense_kinds(left + right, sense)\n"
            "agreed = signed_agreement(left, right, sense, denials, kinds)\n"
            "matrix = (purpose[:, :, None] * agreed[:, None]).reshape(len(both), -1)\n" + fit.expert,
            "one weight per purpose and kind of sense, signed by denials",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = TextPair()
