"""Tone of short messages: telling words of invented vocabulary, aimed or not, negated or not, disguised or not.

A message is a few sentences. In some of them somebody is called something; only what is said of the
addressee counts, and a negation turns it round. The label is drawn from a probability that is logistic
in the sum, so that probability is the exact oracle.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.programs import program
from sandmle_gym.families.table import Text, Word
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.families.text.noise import SPELLINGS, disguise
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Phrases = Annotated[tuple[str, ...], Field(min_length=3)]
Hints = Annotated[tuple[str, ...], Field(min_length=1)]

NEGATORS = ("not", "never", "hardly", "by no means", "anything but")
ENDINGS = (".", ".", ".", "!", " ...")
HARSH, KIND, PLAIN = 6, 4, 6
"""How many words raise the sum, lower it, and leave it alone; more could not be learned from 200 texts."""


class Outcome(Text):
    """The target of a card."""

    negative: Word = "no"
    positive: Word = "yes"
    rate: ShareRange = (0.25, 0.35)


class ToneHints(Frozen):
    """A practitioner's remarks, some of which stand in the description."""

    spelling: Hints
    address: Hints
    negation: Hints
    stamp: Hints


class ToneRanges(Ranges):
    """How far the knobs range; all are shares of the telling clauses."""

    train_rows: tuple[int, int] = (160, 200)
    disguised: ShareRange = (0.6, 0.7)
    aside: ShareRange = (0.24, 0.32)
    """Clauses about somebody else."""
    negated: ShareRange = (0.14, 0.2)


class ToneWords(Frozen):
    """The phrases of a card."""

    near: Phrases
    """Phrases that the label is about."""
    far: Phrases
    """Phrases that it is not about."""
    clauses: Phrases
    """Templates with {who}, {neg}, {mark} and {thing}."""
    things: Phrases
    fillers: Phrases
    """Neutral sentences, some with {thing}."""
    openers: Phrases


class ToneCard(SeedCard):
    """A card of this family."""

    target: Outcome
    text: Text
    stamp: Text
    """A date column without a meaning."""
    ranges: ToneRanges = ToneRanges()
    words: ToneWords
    hints: ToneHints


class ToneKnobs(Knobs):
    """The knobs of a task."""

    target: Outcome
    text: Text
    stamp: Text
    words: ToneWords
    hints: ToneHints
    rate: Share
    disguised: Share
    aside: Share
    negated: Share
    slope: float
    """Steepness of the logistic curve, per standard deviation of the sum."""
    spellings: tuple[str, ...]


class TextTone(Family):
    """The target is 0 or 1 where probabilities are asked for, and a word where labels are."""

    name = "text_tone"
    metrics: ClassVar = {
        **dict.fromkeys(("roc_auc", "average_precision", "log_loss", "brier"), Form.PROBABILITY),
        **dict.fromkeys(("f1_binary", "mcc", "balanced_accuracy"), Form.LABEL),
    }
    card = ToneCard
    knobs = ToneKnobs
    trains = "Normalising hostile spelling and reading who is meant, before any word is weighed."
    exploits = (
        "The date column is drawn apart from the text; sorting by it finds nothing.",
        "Disguise is as frequent in harmless clauses as in telling ones, so counting odd signs finds nothing.",
    )

    def derive(self, card: ToneCard, rng: np.random.RandomState, attempt: int) -> ToneKnobs:
        """Choose shares, spellings and the phrases that occur."""
        dice, ranges = Dice(rng), card.ranges
        settings = common(card, rng, public_rows=300, private_rows=1700)
        words = {
            "near": dice.some(card.words.near, 4),
            "far": dice.some(card.words.far, 6),
            "clauses": dice.some(card.words.clauses, 6),
            "things": dice.some(card.words.things, 12),
            "fillers": dice.some(card.words.fillers, 9),
            "openers": dice.some(card.words.openers, 4),
        }
        shares = {
            name: round(low + (high - low) * rng.random_sample(), 3)
            for name, (low, high) in {
                "rate": card.target.rate,
                "disguised": ranges.disguised,
                "aside": ranges.aside,
                "negated": ranges.negated,
            }.items()
        }
        return ToneKnobs.model_validate(
            {
                **settings,
                **shares,
                **{name: getattr(card, name) for name in ("target", "text", "stamp", "hints")},
                "words": words,
                "slope": 4.0 + 0.5 * attempt,
                "spellings": dice.some(sorted(SPELLINGS), 3),
            }
        )

    def insights(self, card: ToneCard) -> Sequence[Insight]:
        """Name the three levers."""
        where = f"`{card.text.name}`"
        near, far = (", ".join(phrases[:3]) for phrases in (card.words.near, card.words.far))
        return (
            Insight(where, "spelling", "telling words are disguised in three ways that can be undone"),
            Insight(where, "address", f"what is said of {near} counts, what is said of {far} does not"),
            Insight(where, "negation", "a negated word counts for its opposite, with the same weight"),
        )

    def compose(self, knobs: ToneKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Write the messages, then draw each label from its probability."""
        texts, sums = _messages(knobs, key, len(ids))
        values = np.round(sums, 4)
        bound = np.sort(values)[int((1 - knobs.rate) * len(values))]
        odds = np.exp(-np.clip(knobs.slope * (values - bound) / np.std(values).round(3), -30, 30))
        chance = np.round(1 / (1 + odds), 6)
        positive = (stream(*key, "label").random_sample(len(ids)) < chance).astype(int)
        form = self.form(knobs.metric)
        target, text, stamp = knobs.target, knobs.text.name, knobs.stamp.name
        dates = _dates(stream(*key, "stamp"), len(ids))
        spoken = ("0", "1") if form is Form.PROBABILITY else (target.negative, target.positive)
        truth = [spoken[k] for k in positive]
        if form is Form.PROBABILITY:
            best = [f"{p:.6f}" for p in chance[knobs.train_rows :]]
        else:
            posterior = np.column_stack([1 - chance, chance])[knobs.train_rows :]
            best = [spoken[k] for k in oracle.labels(knobs.metric, posterior)]
        train, test = slice(knobs.train_rows), slice(knobs.train_rows, None)
        return Drawn(
            train={stamp: dates[train], text: texts[train], target.name: truth[train]},
            test={stamp: dates[test], text: texts[test]},
            truth={target.name: truth[test]},
            oracle={target.name: best},
            sample={target.name: "0.5" if form is Form.PROBABILITY else target.negative},
            labels=() if form is Form.PROBABILITY else spoken,
            statement=_statement(knobs, spoken, key),
            witnesses=_witnesses(knobs, spoken, form),
        )


def _dates(rng: np.random.RandomState, count: int) -> list[str]:
    days = np.datetime64("2023-01-01") + rng.randint(0, 700, size=count)
    return days.astype(str).tolist()


def _messages(knobs: ToneKnobs, key: tuple[Label, ...], count: int) -> tuple[list[str], np.ndarray]:
    """Return the texts and the sums that decide their labels."""
    lexicon = Lexicon(stream(*key, "lexicon"))
    rng = stream(*key, "weights")
    harsh, kind = rng.uniform(0.7, 1.3, HARSH).round(3), rng.uniform(0.4, 0.8, KIND).round(3)
    marks = lexicon.words(HARSH + KIND + PLAIN)
    worth = [*harsh.tolist(), *(-kind).tolist(), *[0.0] * PLAIN]
    dice = Dice(stream(*key, "text"))
    drawn = [_message(knobs, marks, worth, dice) for _ in range(count)]
    return [text for text, _ in drawn], np.array([total for _, total in drawn])


def _message(
    knobs: ToneKnobs, marks: list[str], worth: list[float], dice: Dice
) -> tuple[str, float]:
    """Write one message: two to five telling clauses among neutral sentences."""
    words, sentences, total = knobs.words, [], 0.0
    for _ in range(dice.between(2, 5)):
        place, aside, negated = (
            dice.below(len(marks)),
            dice.chance(knobs.aside),
            dice.chance(knobs.negated),
        )
        total += 0.0 if aside else -worth[place] if negated else worth[place]
        mark = marks[place]
        clause = dice.pick(words.clauses).format(
            who=dice.pick(words.far if aside else words.near),
            neg=dice.pick(NEGATORS) + " " if negated else "",
            mark=disguise(mark, knobs.spellings, dice) if dice.chance(knobs.disguised) else mark,
            thing=dice.pick(words.things),
        )
        sentences.append(clause)
    for _ in range(dice.between(1, 2)):
        filler = dice.pick(words.fillers).format(thing=dice.pick(words.things))
        sentences.insert(dice.below(len(sentences) + 1), filler)
    ended = [f"{text[0].upper()}{text[1:]}{dice.pick(ENDINGS)}" for text in sentences]
    return " ".join([dice.pick(words.openers)] * dice.chance(0.4) + ended), total


def _statement(
    knobs: ToneKnobs, spoken: tuple[str, str], key: tuple[Label, ...]
) -> Statement:
    dice, target = Dice(stream(*key, "statement")), knobs.target
    hints = [dice.pick(getattr(knobs.hints, name)) for name in ToneHints.model_fields]
    meaning = (
        f"0 = {target.negative}, 1 = {target.positive}"
        if spoken[0] == "0"
        else f"`{spoken[0]}` or `{spoken[1]}`"
    )
    return Statement(
        task=f"Read each text and predict `{target.name}`: {target.about}.",
        targets=(target.name,),
        columns={
            knobs.stamp.name: knobs.stamp.about,
            knobs.text.name: knobs.text.about,
            target.name: f"{target.about}: {meaning} (train only)",
        },
        hints=dice.some(hints, len(hints)),
    )


def _witnesses(knobs: ToneKnobs, spoken: tuple[str, str], form: Form) -> dict[str, str]:
    """Tiers: spelling undone; then only clauses on the addressee, negations joined; then signed counts."""
    text, name = knobs.text.name, knobs.target.name
    read = (
        'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'
        f'target = train["{name}"].to_numpy()\n'
        f'texts = [*train["{text}"], *test["{text}"]]\n'
    )
    plain = "texts = [undisguised(text) for text in texts]\n"
    about = f"elsewhere = {[squeezed(phrase) for phrase in knobs.words.far]}\n"
    negators = f"negators = {[squeezed(word) for word in NEGATORS]}\n"
    scope = about + "texts = [about_near(text, elsewhere) for text in texts]\n" + negators
    joined = "texts = [negations_joined(text, negators) for text in texts]\n"
    signed = "matrix = signed_counts(texts, negators, len(train))\n"
    fit = fits.classes(name, spoken, knobs.metric, form)
    blend = fit.blend.replace("blend_classes(linear, trees, target", "blend_texts(texts, target")
    blend = blend.replace(", SEED)", ")")
    bodies = {
        "trivial": (fit.trivial, "the best prediction that reads no text"),
        "competent": (blend, "words and characters of the raw text, blended"),
        "insight": (plain + blend, "the same after undoing the disguised spellings"),
        "insights": (
            plain + scope + joined + blend,
            "the same on what concerns the addressee, negations joined to their words",
        ),
        "expert": (
            plain + scope + signed + fit.expert,
            "one weight per word, its sign turned by a negation",
        ),
    }
    write = (
        f'pd.DataFrame({{"{knobs.id_column}": test["{knobs.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: program(f"{knobs.title}, {knobs.metric.name}: {what}.", read + body + write)
        for tier, (body, what) in bodies.items()
    }


def squeezed(phrase: str) -> str:
    """Write a phrase as `recipes.undisguised` leaves it: lower case, no letter twice in a row."""
    lower = phrase.lower()
    return lower[:1] + "".join(b for a, b in zip(lower, lower[1:], strict=False) if a != b)


FAMILY = TextTone()
