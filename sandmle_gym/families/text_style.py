"""Who wrote a passage: writers with their own words, small words, endings, signs and sentence lengths.

Every choice of a writer is drawn from a table of hers, so the posterior over the writers is known
exactly up to the choice of words, whose tables it uses as they were drawn: the exact oracle.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Text, Word
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.habits import Spread, passages
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen


class Writers(Text):
    """The target of a card."""

    names: tuple[Word, ...] = Field(min_length=3, max_length=6)


class StyleHints(Frozen):
    """A practitioner's remarks."""

    subject: Hints
    endings: Hints
    signs: Hints


class StyleRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (130, 180)
    words: tuple[int, int] = (12, 18)
    """Words of a passage."""


class StyleCard(SeedCard):
    """A card of this family."""

    target: Writers
    text: Text
    subject: Text
    """A column with the subject of a passage, which every writer may have."""
    subjects: tuple[Word, ...] = Field(min_length=3)
    ranges: StyleRanges = StyleRanges()
    hints: StyleHints


class StyleKnobs(Knobs):
    """The knobs of a task. The spreads say how different writers are: the smaller, the more."""

    target: Writers
    text: Text
    subject: Text
    subjects: tuple[Word, ...]
    hints: StyleHints
    words: tuple[int, int]
    vocabulary: float
    """Share of the choice of content words that is a writer's own."""
    small: float
    """Concentration of the tables of small words."""
    endings: float
    """Concentration of the tables of endings."""
    signs: float
    """Concentration of the tables of signs."""


class TextStyle(Family):
    """The target is one of a few writers."""

    name = "text_style"
    metrics: ClassVar = {
        "log_loss_multiclass": Form.DISTRIBUTION,
        "roc_auc_ovr": Form.DISTRIBUTION,
        **dict.fromkeys(("accuracy", "balanced_accuracy", "f1_macro", "mcc"), Form.LABEL),
    }
    card = StyleCard
    knobs = StyleKnobs
    trains = "Seeing how something is written, not only what it is about."
    exploits = (
        "The subject column is drawn apart from the writer; it only changes which words occur.",
        "Passages are equally long for all writers, so counting characters finds nothing.",
    )

    def derive(self, card: StyleCard, rng: np.random.RandomState, attempt: int) -> StyleKnobs:
        """Choose how different the writers are, and in what."""
        dice, (least, most) = Dice(rng), card.ranges.words
        shortest = dice.between(least, (least + most) // 2)
        return StyleKnobs.model_validate(
            {
                **common(card, rng, public_rows=200, private_rows=1500),
                **{name: getattr(card, name) for name in ("target", "text", "subject", "hints")},
                "subjects": dice.some(card.subjects, 3),
                "words": (shortest, shortest + 4),
                "vocabulary": 0.06,
                "small": round(6.0 * 0.96**attempt, 3),
                "endings": round(0.7 * 0.96**attempt, 3),
                "signs": round(1.6 * 0.96**attempt, 3),
            }
        )

    def insights(self, card: StyleCard) -> Sequence[Insight]:
        """Name the channels."""
        where = f"`{card.text.name}`"
        return (
            Insight(where, "endings", "writers like different endings, whatever the word"),
            Insight(where, "signs", "signs between words and at the end of sentences are habits"),
            Insight(where, "small words", "small words are chosen by writer, not by subject"),
            Insight(
                where, "evidence", "every word is one more piece of evidence: likelihoods multiply"
            ),
        )

    def compose(self, knobs: StyleKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the passages and weigh them with the tables they were written by."""
        names, count = knobs.target.names, len(ids)
        form = self.form(knobs.metric)
        writer = stream(*key, "writer").randint(len(names), size=count)
        subject = stream(*key, "subject").randint(len(knobs.subjects), size=count)
        spread = Spread(
            writers=len(names),
            topics=len(knobs.subjects),
            words=knobs.words,
            vocabulary=knobs.vocabulary,
            small=knobs.small,
            endings=knobs.endings,
            signs=knobs.signs,
        )
        texts, evidence = passages(spread, key, writer, subject)
        evidence = np.round(evidence, 4)
        mass = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        posterior = (mass / mass.sum(axis=1, keepdims=True))[knobs.train_rows :]
        target = knobs.target.name
        columns = {
            knobs.subject.name: [knobs.subjects[k] for k in subject],
            knobs.text.name: texts,
            target: [names[k] for k in writer],
        }
        train, test = split_rows(columns, knobs.train_rows)
        if form is Form.DISTRIBUTION:
            best = {
                name: [f"{p:.6f}" for p in np.clip(column, 1e-5, 1)]
                for name, column in zip(names, posterior.T, strict=True)
            }
            sample = dict.fromkeys(names, f"{1 / len(names):.4f}")
        else:
            best = {target: [names[k] for k in oracle.labels(knobs.metric, posterior)]}
            sample = {target: names[0]}
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle=best,
            sample=sample,
            labels=names,
            statement=_statement(knobs, key),
            witnesses=_witnesses(knobs, form),
        )


def _statement(knobs: StyleKnobs, key: tuple[Label, ...]) -> Statement:
    target = knobs.target
    names = ", ".join(f"`{name}`" for name in target.names)
    return Statement(
        task=f"For every passage, say who wrote it: `{target.name}`, {target.about}.",
        targets=(target.name,),
        columns={
            knobs.subject.name: knobs.subject.about,
            knobs.text.name: knobs.text.about,
            target.name: f"{target.about}: {names} (train only)",
        },
        hints=remarks(knobs.hints, key),
    )


def _witnesses(knobs: StyleKnobs, form: Form) -> dict[str, str]:
    """Tiers: words; then runs of characters; then these with counted habits; then likelihoods."""
    text, name, names = knobs.text.name, knobs.target.name, knobs.target.names
    read = f'target = train["{name}"].to_numpy()\ntexts = [*train["{text}"], *test["{text}"]]\n'
    fit = fits.classes(name, names, knobs.metric, form)
    call = f"linear_classes(matrix, target, {len(names)}, 0)"
    blend = fit.blend.replace(f"blend_classes(linear, trees, target, {len(names)}, SEED)", call)
    mixed = fit.blend.replace(
        f"blend_classes(linear, trees, target, {len(names)}, SEED)",
        f"pooled_classes([letter_runs(texts), style_counts(texts)], target, {len(names)})",
    )
    expert = fit.expert.replace(call, f"likelihood_classes(texts, target, {len(names)})")
    bodies = {
        "trivial": (fit.trivial, "the shares of the writers"),
        "competent": ("matrix = word_runs(texts, 1)\n" + blend, "a linear model of words"),
        "insight": (
            "matrix = letter_runs(texts)\n" + blend,
            "a linear model of runs of characters",
        ),
        "insights": (mixed, "the same, pooled with a model of counted habits"),
        "expert": (expert, "likelihoods of words, endings and signs multiplied"),
    }
    return programs(knobs, read, bodies)


FAMILY = TextStyle()
