"""Who wrote a passage: writers with their own words, small words, endings, signs and sentence lengths.

Every choice of a writer is drawn from a table of hers, so the posterior over the writers is known
exactly up to the choice of words, whose tables it uses as they were drawn: the exact oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.programs import program
from sandmle_gym.families.table import Text, Word
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

SMALL = tuple(
    "of the and upon which but not from with had was so yet thus while there into over then whose".split()
)
ENDINGS = ("eth", "ish", "en", "ous", "ling", "ward")
SIGNS = ("", ",", ";", " -", ":")
STOPS = (".", "!", "?", " ...")
CONTENT = 260
"""Content words of a draw."""


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


@dataclass(frozen=True)
class Habits:
    """The tables of all writers, float (writers, choices), rows summing to 1."""

    content: np.ndarray
    """(subjects, writers, words)"""
    small: np.ndarray
    endings: np.ndarray
    """The first choice is no ending."""
    signs: np.ndarray
    stops: np.ndarray
    pauses: np.ndarray
    """(writers, 2): whether a sentence goes on or ends after a word."""


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
                "small": 6.0,
                "endings": 0.7,
                "signs": 1.6,
            }
        )

    def insights(self, card: StyleCard) -> Sequence[Insight]:
        """Name the channels."""
        where = f"`{card.text.name}`"
        return (
            Insight(where, "endings", "writers like different endings, whatever the word"),
            Insight(where, "signs", "signs between words and at the end of sentences are habits"),
            Insight(where, "small words", "small words are chosen by writer, not by subject"),
            Insight(where, "evidence", "every word is one more piece of evidence: likelihoods multiply"),
        )

    def compose(self, knobs: StyleKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the passages and weigh them with the tables they were written by."""
        names, count = knobs.target.names, len(ids)
        form = self.form(knobs.metric)
        writer = stream(*key, "writer").randint(len(names), size=count)
        subject = stream(*key, "subject").randint(len(knobs.subjects), size=count)
        texts, evidence = _passages(knobs, key, writer, subject)
        evidence = np.round(evidence, 4)
        mass = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        posterior = (mass / mass.sum(axis=1, keepdims=True))[knobs.train_rows :]
        train, test = slice(knobs.train_rows), slice(knobs.train_rows, None)
        truth = [names[k] for k in writer]
        table = {
            knobs.subject.name: [knobs.subjects[k] for k in subject],
            knobs.text.name: texts,
        }
        target = knobs.target.name
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
            train={name: cells[train] for name, cells in table.items()} | {target: truth[train]},
            test={name: cells[test] for name, cells in table.items()},
            truth={target: truth[test]},
            oracle=best,
            sample=sample,
            labels=names,
            statement=_statement(knobs, key),
            witnesses=_witnesses(knobs, form),
        )


def _habits(knobs: StyleKnobs, rng: np.random.RandomState) -> Habits:
    """Draw the tables; rounded, so that they are the same on every machine."""
    writers, subjects = len(knobs.target.names), len(knobs.subjects)
    common_words = rng.dirichlet(np.full(CONTENT, 0.5), size=subjects)
    own = rng.dirichlet(np.full(CONTENT, 0.06), size=writers)
    content = (1 - knobs.vocabulary) * common_words[:, None] + knobs.vocabulary * own
    endings = rng.dirichlet(np.full(len(ENDINGS), knobs.endings), size=writers)
    rate = rng.uniform(0.25, 0.35, size=(writers, 1))
    pause = rng.uniform(0.04, 0.2, size=(writers, 1))
    return Habits(
        content=_table(content),
        small=_table(rng.dirichlet(np.full(len(SMALL), knobs.small), size=writers)),
        endings=_table(np.hstack([1 - rate, rate * endings])),
        signs=_table(
            rng.dirichlet(np.array([12.0, 2, 1, 1, 1]) * knobs.signs, size=writers)
        ),
        stops=_table(rng.dirichlet(np.array([3.0, 1, 1, 1]) * knobs.signs, size=writers)),
        pauses=_table(np.hstack([1 - pause, pause])),
    )


def _table(shares: np.ndarray) -> np.ndarray:
    """Mix in a little of everything, round and rescale."""
    mixed = np.round(0.97 * shares + 0.03 / shares.shape[-1], 6)
    return mixed / mixed.sum(axis=-1, keepdims=True)


def _passages(
    knobs: StyleKnobs, key: tuple[Label, ...], writer: np.ndarray, subject: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return the texts and the log likelihood of each under every writer, float (n, writers)."""
    habits = _habits(knobs, stream(*key, "habits"))
    words = Lexicon(stream(*key, "lexicon")).words(CONTENT)
    rng = stream(*key, "text")
    length = rng.randint(knobs.words[0], knobs.words[1] + 1, size=len(writer))
    row = np.repeat(np.arange(len(writer)), length)
    by, about = writer[row], subject[row]
    small = rng.random_sample(len(row)) < 0.45
    content_choice = _choose(habits.content.reshape(-1, CONTENT), about * len(habits.small) + by, rng)
    chosen = {
        name: _choose(getattr(habits, name), by, rng)
        for name in ("small", "endings", "signs", "stops", "pauses")
    }
    last = np.append(row[1:] != row[:-1], True)
    ends = (chosen["pauses"] == 1) | last
    texts = _written(words, small, content_choice, chosen, ends, row)
    token = np.where(
        small[:, None],
        np.log(habits.small)[:, chosen["small"]].T,
        np.log(habits.content)[about, :, content_choice]
        + np.log(habits.endings)[:, chosen["endings"]].T,
    )
    token += np.where(last[:, None], 0.0, np.log(habits.pauses)[:, chosen["pauses"]].T)
    token += np.where(
        ends[:, None],
        np.log(habits.stops)[:, chosen["stops"]].T,
        np.log(habits.signs)[:, chosen["signs"]].T,
    )
    evidence = np.zeros((len(writer), len(habits.small)))
    np.add.at(evidence, row, np.round(token, 6))
    return texts, evidence


def _choose(tables: np.ndarray, which: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Draw one choice from the table of each item, int (n,)."""
    edges = np.round(tables.cumsum(axis=1), 9)
    offset = np.arange(len(tables))[:, None]  # one sorted line of all tables, one search
    line = (edges + offset).ravel()
    units = np.minimum(rng.random_sample(len(which)), 1 - 1e-8) + which
    return np.minimum(np.searchsorted(line, units, side="right") - which * edges.shape[1], edges.shape[1] - 1)


def _written(
    words: list[str],
    small: np.ndarray,
    content: np.ndarray,
    chosen: dict[str, np.ndarray],
    ends: np.ndarray,
    row: np.ndarray,
) -> list[str]:
    """Join the tokens of every passage, with a capital after every stop."""
    texts: list[list[str]] = [[] for _ in range(int(row[-1]) + 1)]
    fresh = True
    tokens = zip(
        small.tolist(),
        content.tolist(),
        *(chosen[name].tolist() for name in ("small", "endings", "signs", "stops")),
        ends.tolist(),
        row.tolist(),
        strict=True,
    )
    for is_small, place, short, ending, sign, stop, end, at in tokens:
        word = SMALL[short] if is_small else words[place] + ("", *ENDINGS)[ending]
        shown = word.capitalize() if fresh else word
        texts[at].append(shown + (STOPS[stop] if end else SIGNS[sign]))
        fresh = end
    return [" ".join(parts) for parts in texts]


def _statement(knobs: StyleKnobs, key: tuple[Label, ...]) -> Statement:
    dice, target = Dice(stream(*key, "statement")), knobs.target
    hints = [dice.pick(getattr(knobs.hints, name)) for name in StyleHints.model_fields]
    names = ", ".join(f"`{name}`" for name in target.names)
    return Statement(
        task=f"For every passage, say who wrote it: `{target.name}`, {target.about}.",
        targets=(target.name,),
        columns={
            knobs.subject.name: knobs.subject.about,
            knobs.text.name: knobs.text.about,
            target.name: f"{target.about}: {names} (train only)",
        },
        hints=dice.some(hints, len(hints)),
    )


def _witnesses(knobs: StyleKnobs, form: Form) -> dict[str, str]:
    """Tiers: words; then runs of characters; then these with counted habits; then likelihoods."""
    text, name, names = knobs.text.name, knobs.target.name, knobs.target.names
    read = (
        'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'
        f'target = train["{name}"].to_numpy()\n'
        f'texts = [*train["{text}"], *test["{text}"]]\n'
    )
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
        "insight": ("matrix = letter_runs(texts)\n" + blend, "a linear model of runs of characters"),
        "insights": (mixed, "the same, pooled with a model of counted habits"),
        "expert": (expert, "likelihoods of words, endings and signs multiplied"),
    }
    write = (
        f'pd.DataFrame({{"{knobs.id_column}": test["{knobs.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: program(f"{knobs.title}, {knobs.metric.name}: {what}.", read + body + write)
        for tier, (body, what) in bodies.items()
    }


FAMILY = TextStyle()
