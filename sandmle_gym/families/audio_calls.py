"""Tell which of several voices are heard in a recording: one row for every recording and voice."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.audio.census import SEGMENTS, SPECIES, programs
from sandmle_gym.families.audio.clips import FOLDER, clip_files, clip_names
from sandmle_gym.families.audio.voices import Chorus, Voice, draw_chorus
from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Category, Text, Word, write_csv
from sandmle_gym.families.wording import HEADINGS, one, opening, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

PUBLIC_ROWS, PRIVATE_ROWS = 120, 1240
SEGMENT_BANDS = 6


class Presence(Text):
    """The target: 0 or 1 where probabilities are asked for, else a word."""

    negative: Word
    positive: Word


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    pair: Hints
    site: Hints
    rhythm: Hints
    rain: Hints
    segments: Hints


class CallsRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (192, 200)
    loudness: tuple[float, float] = (1.45, 1.65)
    """Median amplitude of a call, in standard deviations of the noise."""
    mistaken: ShareRange = (0.005, 0.015)
    """Share of labels that are wrong."""


class CallsCard(SeedCard):
    """A card for one place and its voices."""

    target: Presence
    pair: Text
    clip: Text
    site: Category
    rate: int = Field(ge=2000, le=4000)
    samples: int = Field(ge=1500, le=2500)
    voices: tuple[Voice, ...] = Field(min_length=4, max_length=4)
    habitat: tuple[Share, Share, Share, Share]
    """Probability of a voice at its four kinds of sites; sites and voices are matched at random."""
    remarks: Remarks
    ranges: CallsRanges = CallsRanges()


class CallsKnobs(Knobs):
    """All that decides a task."""

    target: Presence
    pair: Text
    clip: Text
    site: Category
    rate: int
    samples: int
    voices: tuple[Voice, ...]
    numbers: tuple[int, ...]
    """Of the voices, as the pairs use them."""
    habitat: tuple[tuple[Share, ...], ...]
    """Probability of every voice at every site."""
    remarks: Remarks
    loudness: float
    mistaken: Share


class AudioCalls(Family):
    """The target says whether one voice is in one recording; a few labels are mistaken."""

    name = "audio_calls"
    metrics: ClassVar = {
        **dict.fromkeys(("roc_auc", "average_precision", "log_loss", "brier"), Form.PROBABILITY),
        "f1_binary": Form.LABEL,
    }
    card = CallsCard
    knobs = CallsKnobs
    trains = (
        "Recognise several sounds at once: decode who is asked about, know who lives where, and tell "
        "voices of the same pitch by their rhythm, through rain and drones."
    )
    exploits = (
        "Numbers of recordings are drawn at random, and those of voices anew for every task.",
        "All files have the same length and a name drawn at random.",
        "A voice is not loud because it is marked: every call has its own distance.",
    )

    def derive(self, card: CallsCard, rng: np.random.RandomState, attempt: int) -> CallsKnobs:
        """Set the knobs; later attempts have louder calls."""
        settings = common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS)
        voices = len(card.voices)
        settings["train_rows"] -= settings["train_rows"] % voices
        sites = len(card.site.levels)
        square = (np.arange(sites)[:, None] + np.arange(voices)) % voices
        square = square[rng.permutation(sites)][:, rng.permutation(voices)]
        copied = ("target", "pair", "clip", "site", "rate", "samples", "voices", "remarks")
        return CallsKnobs(
            **settings,
            **{name: getattr(card, name) for name in copied},
            numbers=tuple((rng.permutation(89)[:voices] + 11).tolist()),
            habitat=tuple(tuple(card.habitat[k] for k in row) for row in square.tolist()),
            loudness=round(within(rng, card.ranges.loudness) * 1.03**attempt, 4),
            mistaken=round(within(rng, card.ranges.mistaken) * 0.9**attempt, 4),
        )

    def compose(self, knobs: CallsKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw recordings, and ask about every voice in each of them."""
        voices, cut = len(knobs.voices), knobs.train_rows
        count = knobs.rows // voices
        habitat = np.array(knobs.habitat)
        shape = (count, knobs.samples)
        chorus = draw_chorus(knobs.voices, habitat, knobs.loudness, shape, *key)
        rng = stream(*key, "rows")
        numbers = rng.permutation(900)[:count] + 100
        order = np.concatenate([rng.permutation(cut), cut + rng.permutation(knobs.rows - cut)])
        recording, voice = order // voices, order % voices
        names = clip_names([ids[place] for place in range(0, knobs.rows, voices)])
        slips = stream(*key, "labels").random_sample(knobs.rows) < knobs.mistaken
        present = chorus.present[recording, voice]
        pairs = numbers[recording] * 100 + np.array(knobs.numbers)[voice]
        table = {
            knobs.pair.name: [str(pair) for pair in pairs.tolist()],
            knobs.clip.name: [names[k] for k in recording.tolist()],
            knobs.site.name: [knobs.site.levels[k] for k in chorus.site[recording].tolist()],
        }
        name = knobs.target.name
        target, best = _answers(knobs, present, present ^ slips)
        labelled = self.form(knobs.metric) is Form.LABEL
        return Drawn(
            train={**{column: cells[:cut] for column, cells in table.items()}, name: target[:cut]},
            test={column: cells[cut:] for column, cells in table.items()},
            truth={name: target[cut:]},
            oracle={name: best[cut:]},
            sample={name: knobs.target.negative if labelled else "0.5"},
            labels=(knobs.target.negative, knobs.target.positive) if labelled else (),
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=programs(knobs),
            files={
                SPECIES: _species(knobs),
                SEGMENTS: _segments(knobs, chorus, numbers, stream(*key, "segments")),
                **clip_files(names, chorus.sounds, knobs.rate),
            },
        )

    def insights(self, card: CallsCard) -> Sequence[Insight]:
        """List what the recordings and the tables hide."""
        return (
            Insight(
                f"`{card.pair.name}`",
                "code",
                "number of the recording times 100 plus that of the voice",
            ),
            Insight(
                f"`{card.site.name}`",
                "prior",
                "every voice is frequent at one site and rare at another",
            ),
            Insight(
                f"`{FOLDER}`",
                "rhythm",
                "voices share their pitch in twos; the rate of their pulses differs",
            ),
            Insight(
                f"`{FOLDER}`",
                "rain",
                "drops ring at all frequencies at once: take out what a frame has in common",
            ),
            Insight(
                f"`{FOLDER}`",
                "drones",
                "steady tones stand at the pitches of the voices and carry nothing",
            ),
        )


def _answers(
    knobs: CallsKnobs, present: np.ndarray, heard: np.ndarray
) -> tuple[list[str], list[str]]:
    """Return the targets and the best submission of all rows, as cells."""
    wrong = knobs.mistaken
    posterior = np.where(present, 1 - wrong, wrong)
    if knobs.metric.name != "f1_binary":
        return [str(int(value)) for value in heard], [f"{p:.6g}" for p in posterior]
    labels = (knobs.target.negative, knobs.target.positive)
    decided = oracle.labels(knobs.metric, np.column_stack([1 - posterior, posterior]))
    return [labels[int(value)] for value in heard], [labels[value] for value in decided.tolist()]


def _species(knobs: CallsKnobs) -> bytes:
    order = np.argsort(knobs.numbers).tolist()
    return write_csv(
        {
            "number": [str(knobs.numbers[k]) for k in order],
            "name": [knobs.voices[k].name for k in order],
        }
    )


def _segments(
    knobs: CallsKnobs, chorus: Chorus, numbers: np.ndarray, rng: np.random.RandomState
) -> bytes:
    """Count what a crude program cut out of the recordings: calls, but drops and drones as well."""
    edges = np.linspace(0, 0.5, SEGMENT_BANDS + 1)
    band = np.searchsorted(edges, [voice.pitch for voice in knobs.voices]) - 1
    mean = 0.4 + np.outer(chorus.rain, np.full(SEGMENT_BANDS, 0.8))
    for place, where in enumerate(band.tolist()):
        mean[:, where] += 1.2 * chorus.present[:, place]
    counts = rng.poisson(mean)
    order = np.argsort(numbers)
    return write_csv(
        {
            "recording": [str(k) for k in numbers[order].tolist()],
            **{
                f"band_{k + 1}": [str(count) for count in counts[order, k].tolist()]
                for k in range(SEGMENT_BANDS)
            },
        }
    )


def _statement(knobs: CallsKnobs, rng: np.random.RandomState) -> Statement:
    target, said = knobs.target, knobs.remarks
    what = f"`{target.name}` ({target.about})"
    values = f"`{target.negative}` or `{target.positive}`"
    if knobs.metric.name != "f1_binary":
        values = f"0 = {target.negative}, 1 = {target.positive}"
    bands = {f"band_{k + 1}": "segments" for k in range(SEGMENT_BANDS)}
    listed = ", ".join(f"`{name}`" for name in bands)
    return Statement(
        task=opening(
            rng, what, knobs.noun, knobs.train_rows, knobs.public_rows + knobs.private_rows
        ),
        targets=(target.name,),
        columns={
            **{text.name: text.about for text in (knobs.pair, knobs.clip, knobs.site)},
            target.name: f"{target.about}: {values} (train only)",
        },
        hints=remarks(rng, (said.pair, said.site, said.rhythm, said.rain, said.segments)),
        files={
            SPECIES: "`number` and `name` of everything that is asked about",
            SEGMENTS: f"how many segments a simple program cut out of each `recording`, by its number "
            f"and by equal bands of frequency from low to high ({listed})",
            FOLDER: f"the recordings as WAV, mono, 16 bit, {knobs.rate} samples per second, "
            f"{knobs.samples / knobs.rate:g} s each",
        },
        heading=one(rng, HEADINGS),
    )


FAMILY = AudioCalls()
