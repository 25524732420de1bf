"""What posts are about: several labels at once, one of which the others imply, told by invented words.

A post is a few sentences, each about one topic, perhaps below a quotation of somebody else's post, which
does not count. Every label is drawn from a probability that is logistic in the number of the post's own
sentences about its topic; the narrow labels also need the general one. These probabilities are the exact
oracle.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.programs import program
from sandmle_gym.families.table import Text
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]
Templates = Annotated[tuple[str, ...], Field(min_length=4)]

FORMS = ("", "en", "is", "ot", "ulm", "eve", "art")
"""Endings of a word; they mean nothing."""
NEUTRAL = 3
"""Topics that no label is about."""


class TopicHints(Frozen):
    """A practitioner's remarks."""

    quotes: Hints
    forms: Hints
    kinship: Hints
    general: Hints


class TopicRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (160, 200)
    quoted: ShareRange = (0.5, 0.65)
    """Posts that begin with a quotation."""


class TopicCard(SeedCard):
    """A card of this family."""

    general: Text
    """The label that all others imply."""
    narrow: tuple[Text, ...] = Field(min_length=3, max_length=6)
    """The other labels; the last one is rare."""
    text: Text
    templates: Templates
    """Sentences with two or three words of a topic: {a}, {b}, perhaps {c}."""
    greetings: Templates
    ranges: TopicRanges = TopicRanges()
    hints: TopicHints


class TopicKnobs(Knobs):
    """The knobs of a task."""

    general: Text
    narrow: tuple[Text, ...]
    text: Text
    templates: tuple[str, ...]
    greetings: tuple[str, ...]
    hints: TopicHints
    quoted: Share
    words: int
    """Words of each topic."""
    slope: float
    """Steepness of the logistic curves, per sentence."""


class TextTopics(Family):
    """The targets are 0 or 1, one column per label."""

    name = "text_topics"
    metrics: ClassVar = {"roc_auc_columns": Form.PROBABILITY}
    card = TopicCard
    knobs = TopicKnobs
    trains = "Several labels from few texts: what to leave out, what to merge, what unlabelled text teaches."
    exploits = (
        "Quotations are as long as posts, so length tells nothing.",
        "Endings of words are drawn apart from topics, so they tell nothing.",
    )

    def derive(self, card: TopicCard, rng: np.random.RandomState, attempt: int) -> TopicKnobs:
        """Choose the labels, the share of quotations and the size of the vocabulary."""
        dice, (low, high) = Dice(rng), card.ranges.quoted
        narrow = dice.some(card.narrow[:-1], max(2, len(card.narrow) - 2))
        return TopicKnobs.model_validate(
            {
                **common(card, rng, public_rows=300, private_rows=1500),
                **{name: getattr(card, name) for name in ("general", "text", "hints")},
                "narrow": [*narrow, card.narrow[-1]],
                "templates": dice.some(card.templates, 7),
                "greetings": dice.some(card.greetings, 4),
                "quoted": round(low + (high - low) * rng.random_sample(), 3),
                "words": dice.between(28, 36),
                "slope": 3.0 + 0.3 * attempt,
            }
        )

    def insights(self, card: TopicCard) -> Sequence[Insight]:
        """Name what there is to find."""
        where = f"`{card.text.name}`"
        return (
            Insight(where, "quotations", "lines that begin with > are somebody else's and do not count"),
            Insight(where, "forms", "words are bent in many ways; their first four letters tell them apart"),
            Insight(where, "kinship", "words of one sentence share a topic, in unlabelled texts too"),
            Insight("labels", "hierarchy", f"no label is 1 where `{card.general.name}` is 0"),
        )

    def compose(self, knobs: TopicKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the posts, then draw every label from its probability."""
        texts, counts = _posts(knobs, key, len(ids))
        chances = _chances(knobs, counts)
        rng = stream(*key, "labels")
        drawn = rng.random_sample(chances.shape) < chances
        drawn[:, 1:] &= drawn[:, :1]
        chances[:, 1:] *= chances[:, :1]
        names = [knobs.general.name, *(label.name for label in knobs.narrow)]
        truth = {name: [str(int(v)) for v in column] for name, column in zip(names, drawn.T, strict=True)}
        best = {
            name: [f"{p:.6f}" for p in column[knobs.train_rows :]]
            for name, column in zip(names, chances.T, strict=True)
        }
        train, test = slice(knobs.train_rows), slice(knobs.train_rows, None)
        return Drawn(
            train={knobs.text.name: texts[train]} | {n: cells[train] for n, cells in truth.items()},
            test={knobs.text.name: texts[test]},
            truth={name: cells[test] for name, cells in truth.items()},
            oracle=best,
            sample=dict.fromkeys(names, "0.5"),
            statement=_statement(knobs, names, key),
            witnesses=_witnesses(knobs, names),
        )


def _posts(knobs: TopicKnobs, key: tuple[Label, ...], count: int) -> tuple[list[str], np.ndarray]:
    """Return the texts and, for every post, its own sentences per topic, int (n, topics)."""
    topics = len(knobs.narrow) + NEUTRAL
    lexicon = Lexicon(stream(*key, "lexicon"))
    vocabulary = [lexicon.words(knobs.words) for _ in range(topics)]
    dice = Dice(stream(*key, "text"))
    own = np.zeros((count, topics), int)
    texts = []
    for row in range(count):
        lines = []
        if dice.chance(knobs.quoted):
            sentences = _sentences(knobs, vocabulary, _subjects(topics, dice), dice)
            lines.append("> " + " ".join(sentences))
        subjects = _subjects(topics, dice)
        for topic in subjects:
            own[row, topic] += 1
        greeting = [dice.pick(knobs.greetings)] * dice.chance(0.5)
        lines.append(" ".join([*greeting, *_sentences(knobs, vocabulary, subjects, dice)]))
        texts.append("\n".join(lines))
    return texts, own


def _subjects(topics: int, dice: Dice) -> list[int]:
    """Choose the topics of three to five sentences; neighbouring topics often come together."""
    first = dice.below(topics)
    second = (first + 1) % topics if dice.chance(0.4) else dice.below(topics)
    return [dice.pick((first, first, second, dice.below(topics))) for _ in range(dice.between(3, 5))]


def _sentences(
    knobs: TopicKnobs, vocabulary: list[list[str]], subjects: list[int], dice: Dice
) -> list[str]:
    found = []
    for topic in subjects:
        a, b, c = (word + dice.pick(FORMS) for word in dice.some(vocabulary[topic], 3))
        text = dice.pick(knobs.templates).format(a=a, b=b, c=c)
        found.append(f"{text[0].upper()}{text[1:]}.")
    return found


def _chances(knobs: TopicKnobs, counts: np.ndarray) -> np.ndarray:
    """Probability of the general label, then of each narrow one given the general one, (n, labels)."""
    narrow = counts[:, : len(knobs.narrow)].astype(float)
    bounds = [1.4, *[1.4] * (len(knobs.narrow) - 1), 2.4]
    sums = np.column_stack([narrow.sum(axis=1), narrow])
    return np.round(1 / (1 + np.exp(-knobs.slope * (sums - np.array(bounds)))), 6)


def _statement(knobs: TopicKnobs, names: list[str], key: tuple[Label, ...]) -> Statement:
    dice = Dice(stream(*key, "statement"))
    hints = [dice.pick(getattr(knobs.hints, name)) for name in TopicHints.model_fields]
    labels = (knobs.general, *knobs.narrow)
    return Statement(
        task="For every text, predict the probability of each label; a text may have several, or none.",
        targets=tuple(names),
        columns={knobs.text.name: knobs.text.about}
        | {label.name: f"{label.about}: 0 or 1 (train only)" for label in labels},
        hints=dice.some(hints, len(hints)),
    )


def _witnesses(knobs: TopicKnobs, names: list[str]) -> dict[str, str]:
    """Tiers: words; then without quotations; then stems; then topics learned from all texts."""
    text = knobs.text.name
    read = (
        'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'
        f"labels = {names}\n"
        "target = train[labels].to_numpy()\n"
        f'texts = [*train["{text}"], *test["{text}"]]\n'
    )
    own = "own = [without_quotes(text) for text in texts]\n"
    topics = len(knobs.narrow) + NEUTRAL
    bodies = {
        "trivial": ("chances = target.mean(axis=0)\n", "the shares of the labels"),
        "competent": (
            "chances = label_chances(word_runs(texts, 1), target)\n",
            "a linear model of words for each label",
        ),
        "insight": (
            own + "chances = label_chances(word_runs(own, 1), target)\n",
            "the same without quotations",
        ),
        "insights": (
            own
            + "chances = label_chances(word_runs([stemmed(text) for text in own], 1), target)\n",
            "the same with words cut to their stems",
        ),
        "expert": (
            own
            + f"groups = word_groups([stemmed(text) for text in texts], {topics})\n"
            + "matrix = group_counts([stemmed(text) for text in own], groups)\n"
            + "chances = label_chances(matrix, target)\n",
            "counts of sentences per group of words that go together in all texts",
        ),
    }
    write = (
        "answer = dict(zip(labels, np.transpose(chances), strict=True))\n"
        f'pd.DataFrame({{"{knobs.id_column}": test["{knobs.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: program(f"{knobs.title}, {knobs.metric.name}: {what}.", read + body + write)
        for tier, (body, what) in bodies.items()
    }


FAMILY = TextTopics()
