"""Grades of short essays: on the question or not, hanging together or not, spelt well or not, padded or not.

The grade cuts a latent that is linear in known functions of these four qualities, plus normal noise; so the
posterior over the grades is exact.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.parts import (
    Hints,
    Templates,
    programs,
    remarks,
    sentence,
    split_rows,
)
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

KEY_WORDS = 6
"""Words that a question names."""
OTHER_WORDS = 60
"""Words that no question names."""


class Grades(Text):
    """The target of a card."""

    grades: int = Field(ge=3, le=7)
    """How many there are, the lowest is 0."""


class EssayHints(Frozen):
    """A practitioner's remarks."""

    errors: Hints
    overlap: Hints
    thread: Hints
    padding: Hints


class EssayRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (150, 200)
    noise: ShareRange = (0.05, 0.09)
    """Share of the variance of the latent that nothing explains."""


class EssayCard(SeedCard):
    """A card of this family."""

    target: Grades
    question: Text
    text: Text
    questions: Templates
    """Questions with places for six words: {0} to {5}."""
    templates: Templates
    """Sentences with places for three words: {a}, then {b}, then {c}."""
    ranges: EssayRanges = EssayRanges()
    hints: EssayHints


class EssayKnobs(Knobs):
    """The knobs of a task."""

    target: Grades
    question: Text
    text: Text
    questions: tuple[str, ...]
    templates: tuple[str, ...]
    hints: EssayHints
    noise: Share
    weights: tuple[Share, ...] = Field(min_length=4, max_length=4)
    """Shares of the signal: errors, overlap, thread, effort."""
    best_overlap: Share
    """Share of sentences on the question that is graded best; more is mere repetition of it."""
    cuts: tuple[float, ...]


class TextEssay(Family):
    """A label under QWK, a number under the metrics of values."""

    name = "text_essay"
    metrics: ClassVar = {"qwk": Form.LABEL} | dict.fromkeys(("mae", "rmse", "spearman"), Form.VALUE)
    card = EssayCard
    knobs = EssayKnobs
    trains = "Turning what a reader would notice in a text into a handful of numbers."
    exploits = (
        "Length: half of the essays are padded with sentences of their own, whatever their grade.",
        "The question alone tells nothing; each is drawn apart from all qualities.",
    )

    def derive(self, card: EssayCard, rng: np.random.RandomState, attempt: int) -> EssayKnobs:
        """Choose how much each quality weighs, and where the grades are cut."""
        dice, (low, high) = Dice(rng), card.ranges.noise
        raw = [*(base + 0.08 * rng.random_sample() for base in (0.68, 0.34, 0.34)), 0.2]
        grades = card.target.grades
        shares = np.linspace(0, 1, grades + 1)[1:-1]
        moved = shares + rng.uniform(-0.03, 0.03, grades - 1)
        return EssayKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1400),
                **{name: getattr(card, name) for name in ("target", "question", "text", "hints")},
                "questions": dice.some(card.questions, 3),
                "templates": dice.some(card.templates, 8),
                "noise": round((low + (high - low) * rng.random_sample()) * 0.9**attempt, 4),
                "weights": [round(value / sum(raw), 4) for value in raw],
                "best_overlap": round(rng.uniform(0.5, 0.65), 3),
                "cuts": [round(NormalDist().inv_cdf(share), 4) for share in moved],
            }
        )

    def insights(self, card: EssayCard) -> Sequence[Insight]:
        """Name the qualities."""
        where = f"`{card.text.name}`"
        both = f"{where}, `{card.question.name}`"
        return (
            Insight(
                where,
                "errors",
                "misspelt words are rare in all essays; the root of their share counts",
            ),
            Insight(both, "overlap", "sentences with words of the question help, up to a point"),
            Insight(where, "thread", "a sentence may take up the last word of the one before"),
            Insight(where, "padding", "only different sentences count as effort"),
        )

    def compose(self, knobs: EssayKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the essays, weigh their qualities, add noise and cut."""
        questions, texts, qualities = _essays(knobs, key, len(ids))
        weights = np.sqrt(np.array(knobs.weights) * (1 - knobs.noise))
        standard = (qualities - qualities.mean(axis=0)) / qualities.std(axis=0)
        mean = (standard * weights).sum(axis=1)
        mean = np.round(mean * np.sqrt(1 - knobs.noise) / mean.std(), 5)
        spread = float(np.sqrt(knobs.noise))
        latent = np.round(mean + spread * stream(*key, "noise").standard_normal(len(ids)), 5)
        grade = np.searchsorted(knobs.cuts, latent)
        posterior = oracle.class_posterior(mean, spread, knobs.cuts)[knobs.train_rows :]
        best = oracle.grades(knobs.metric, posterior)
        target, count = knobs.target.name, knobs.target.grades
        is_label = self.form(knobs.metric) is Form.LABEL
        labels = tuple(str(k) for k in range(count))
        columns = {
            knobs.question.name: questions,
            knobs.text.name: texts,
            target: [labels[k] for k in grade],
        }
        train, test = split_rows(columns, knobs.train_rows)
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle={target: [f"{value:.6g}" for value in best]},
            sample={target: labels[count // 2]},
            labels=labels if is_label else (),
            statement=Statement(
                task=f"Grade every text: predict `{target}`, {knobs.target.about}.",
                targets=(target,),
                columns={
                    knobs.question.name: knobs.question.about,
                    knobs.text.name: knobs.text.about,
                    target: f"{knobs.target.about}, from 0 to {count - 1} (train only)",
                },
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _essays(
    knobs: EssayKnobs, key: tuple[Label, ...], count: int
) -> tuple[list[str], list[str], np.ndarray]:
    """Return questions, texts, and what acts on the latent of each, float (n, 4)."""
    lexicon = Lexicon(stream(*key, "lexicon"))
    keys = [lexicon.words(KEY_WORDS) for _ in knobs.questions]
    others = lexicon.words(OTHER_WORDS)
    dice = Dice(stream(*key, "text"))
    questions, texts, qualities = [], [], []
    for _ in range(count):
        asked = dice.below(len(keys))
        text, quality = _essay(knobs, keys[asked], others, dice)
        questions.append(knobs.questions[asked].format(*keys[asked]))
        texts.append(text)
        qualities.append(quality)
    return questions, texts, np.round(qualities, 6)


def _essay(
    knobs: EssayKnobs, named: list[str], others: list[str], dice: Dice
) -> tuple[str, tuple[float, float, float, float]]:
    """Write one essay; return it with the four terms of its latent."""
    on_topic, linked = dice.between(1, 9) / 10, dice.between(0, 9) / 10
    sloppy = dice.between(0, 8) ** 2 / 400
    length = dice.between(5, 10)
    shown: list[str] = []
    hits = links = slips = words = 0
    last = ""
    for place in range(length):
        hit, link = dice.chance(on_topic), place > 0 and dice.chance(linked)
        first = last if link else dice.pick(others)
        links += first == last
        last = dice.pick(others)
        hits += hit
        template, slipped = _sloppy(dice.pick(knobs.templates), sloppy, dice)
        slips, words = slips + slipped, words + len(template.split(" "))
        middle = dice.pick(named if hit else others)
        shown.append(sentence(template.format(a=first, b=middle, c=last)))
    if dice.chance(0.5):
        for _ in range(dice.between(2, 5)):
            shown.insert(dice.below(len(shown) + 1), dice.pick(shown))
    return " ".join(shown), (
        -float(np.sqrt(slips / words)),
        -abs(hits / length - knobs.best_overlap),
        links / (length - 1),
        float(np.log(length)),
    )


def _sloppy(template: str, chance: float, dice: Dice) -> tuple[str, int]:
    """Misspell some of the words of a template that stand outside braces; return how many."""
    words, slips = template.split(" "), 0
    for place, word in enumerate(words):
        if len(word) > 2 and word.isalpha() and dice.chance(chance):
            words[place], slips = _misspelt(word, dice), slips + 1
    return " ".join(words), slips


def _misspelt(word: str, dice: Dice) -> str:
    """Swap two letters, drop one, or strike a neighbour."""
    at = dice.between(1, len(word) - 2)
    if word[at] != word[at + 1] and dice.chance(0.5):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + dice.pick("qwxzjykv") + word[at + 1 :]


def _witnesses(knobs: EssayKnobs) -> dict[str, str]:
    """Tiers: surface; then errors; then overlap, thread and different sentences; then their functions."""
    text, question, target = knobs.text.name, knobs.question.name, knobs.target.name
    read = (
        f'target = train["{target}"].to_numpy()\n'
        f'texts = [*train["{text}"], *test["{text}"]]\n'
        f'questions = [*train["{question}"], *test["{question}"]]\n'
    )
    fit = fits.grades(target, knobs.target.grades, knobs.metric)
    surface = "linear = trees = np.column_stack([essay_surface(texts){}])\n"
    qualities = "overlaps(texts, questions), threads(texts), lengths(texts)"
    terms = (
        "-np.sqrt(error_rates(texts)), "
        f"-np.abs(overlaps(texts, questions) - {knobs.best_overlap}), "
        "threads(texts), np.log(lengths(texts))"
    )
    bodies = {
        "trivial": (fit.trivial, "the best grade for all"),
        "competent": (surface.format("") + fit.blend, "length and topics of the words, blended"),
        "insight": (
            surface.format(", error_rates(texts)") + fit.blend,
            "the same with the share of misspelt words",
        ),
        "insights": (
            surface.format(f", error_rates(texts), {qualities}") + fit.blend,
            "the same with overlap, thread and different sentences",
        ),
        "expert": (
            f"matrix = np.column_stack([{terms}])\n"
            "matrix = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)\n" + fit.expert,
            "a linear model of the right functions of the four",
        ),
    }
    return programs(knobs, read, bodies)


FAMILY = TextEssay()
