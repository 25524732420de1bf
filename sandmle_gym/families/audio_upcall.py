"""Find one kind of brief call in noise: clips that hold a sweep in one direction, not in the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.audio import detector
from sandmle_gym.families.audio.clips import FOLDER, clip_files, clip_names
from sandmle_gym.families.audio.scene import SOUGHT, Call, Place, Span, draw_kinds, draw_scene
from sandmle_gym.families.card import Ranges, SeedCard, Share, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.table import Category, Text, Word
from sandmle_gym.families.wording import HEADINGS, one, opening, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]
Shares = tuple[Share, Share, Share]

SEASON_MINUTES = 60 * 24 * 45
PUBLIC_ROWS, PRIVATE_ROWS = 100, 1200


class Outcome(Text):
    """The target: 0 or 1."""

    negative: Word
    positive: Word


class UpcallRanges(Ranges):
    """How far the knobs range."""

    loudness: Span = (0.43, 0.48)
    """Median amplitude of a call, in standard deviations of the noise."""
    mistaken: ShareRange = (0.005, 0.015)
    """Share of labels that are wrong."""
    drift: float = Field(default=0.6, ge=0, le=1)
    """Probability that the times of the train clips lean on their labels."""


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    brief: Hints
    direction: Hints
    shape: Hints
    place: Hints
    moment: Hints


class UpcallCard(SeedCard):
    """A card for one kind of call."""

    target: Outcome
    clip: Text
    site: Category
    moment: Text
    season: datetime
    """When the recordings began."""
    rate: int = Field(ge=2000, le=4000)
    samples: int = Field(ge=1500, le=2500)
    """Length of a clip."""
    call: Call
    place: Place
    sought: tuple[Share, ...]
    """Share of clips with the sought call, by site in random order."""
    others: Shares
    """Of the other clips: shares of mirror images, of level calls and of none."""
    remarks: Remarks
    ranges: UpcallRanges = UpcallRanges()


class UpcallKnobs(Knobs):
    """All that decides a task."""

    target: Outcome
    clip: Text
    site: Category
    moment: Text
    season: datetime
    rate: int
    samples: int
    call: Call
    place: Place
    sought: tuple[Share, ...]
    """By site."""
    others: Shares
    remarks: Remarks
    loudness: float = Field(gt=0)
    mistaken: Share
    drift: bool


class AudioUpcall(Family):
    """The target says whether a clip holds the sought call; a few labels are mistaken."""

    name = "audio_upcall"
    metrics: ClassVar = dict.fromkeys(
        ("roc_auc", "average_precision", "log_loss", "brier"), Form.PROBABILITY
    )
    card = UpcallCard
    knobs = UpcallKnobs
    trains = (
        "Think in time and frequency: a mean spectrum hides a brief event, a picture of the spectrum "
        "shows it, its direction tells it from its likeness, and a filter of its own shape finds it in noise."
    )
    exploits = (
        "Times lean on the labels in train only; in test they are drawn at random.",
        "All files have the same length and a name drawn at random.",
        "The loudness of a clip is noise: calls, their mirror images and level calls are equally loud.",
    )

    def derive(self, card: UpcallCard, rng: np.random.RandomState, attempt: int) -> UpcallKnobs:
        """Set the knobs; later attempts have louder calls."""
        settings = common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS)
        sought = tuple(card.sought[k] for k in rng.permutation(len(card.sought)))
        copied = ("target", "clip", "site", "moment", "season", "rate", "samples")
        return UpcallKnobs(
            **settings,
            **{name: getattr(card, name) for name in (*copied, "call", "place", "others")},
            remarks=card.remarks,
            sought=sought,
            loudness=round(within(rng, card.ranges.loudness) * 1.02**attempt, 4),
            mistaken=round(within(rng, card.ranges.mistaken) * 0.9**attempt, 4),
            drift=bool(rng.random_sample() < card.ranges.drift),
        )

    def compose(self, knobs: UpcallKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw sites, calls, sounds, labels and times."""
        rows, cut = knobs.rows, knobs.train_rows
        rng = stream(*key, "site")
        site = rng.randint(len(knobs.sought), size=rows)
        kind = draw_kinds(np.array(knobs.sought)[site], knobs.others, *key)
        scene = draw_scene(kind, knobs.call, knobs.place, knobs.loudness, knobs.samples, *key)
        slips = stream(*key, "labels").random_sample(rows) < knobs.mistaken
        label = (kind == SOUGHT) ^ slips
        names = clip_names(ids)
        moment = _moments(knobs, label, stream(*key, "moment"))
        table = {
            knobs.clip.name: names,
            knobs.site.name: [knobs.site.levels[k] for k in site],
            knobs.moment.name: moment,
        }
        target = [str(int(value)) for value in label]
        best = np.where(kind == SOUGHT, 1 - knobs.mistaken, knobs.mistaken)
        return Drawn(
            train={
                **{name: cells[:cut] for name, cells in table.items()},
                knobs.target.name: target[:cut],
            },
            test={name: cells[cut:] for name, cells in table.items()},
            truth={knobs.target.name: target[cut:]},
            oracle={knobs.target.name: [f"{p:.6g}" for p in best[cut:]]},
            sample={knobs.target.name: "0.5"},
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=detector.programs(knobs),
            files=clip_files(names, scene.sounds, knobs.rate),
        )

    def insights(self, card: UpcallCard) -> Sequence[Insight]:
        """List what the clips hide, and the trap."""
        way = "rises" if card.call.rising else "falls"
        return (
            Insight(
                f"`{FOLDER}`",
                "brief event",
                "a call fills a third of a clip: a mean over time drowns it",
            ),
            Insight(
                f"`{FOLDER}`",
                "direction",
                f"the sought call {way}; its mirror image has the same mean spectrum",
            ),
            Insight(
                f"`{FOLDER}`", "matched filter", "a sweep adds up in phase over its whole length"
            ),
            Insight(
                f"`{card.site.name}`",
                "prior",
                "the call is several times as frequent at some sites",
            ),
            Insight(
                f"`{card.moment.name}`",
                "drift",
                "in train, clips with the call come earlier; in test they do not",
            ),
        )


def _moments(knobs: UpcallKnobs, label: np.ndarray, rng: np.random.RandomState) -> list[str]:
    """Date the clips: test clips at random, train clips by their label if the trap is set."""
    place = rng.random_sample(knobs.rows)
    if knobs.drift:
        late = place**0.4 * (1 - label) + (1 - (1 - place) ** 0.4) * label
        place = np.where(np.arange(knobs.rows) < knobs.train_rows, late, place)
    minutes = np.floor(np.round(place, 6) * SEASON_MINUTES).astype(int)
    return [
        (knobs.season + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M")
        for minute in minutes.tolist()
    ]


def _statement(knobs: UpcallKnobs, rng: np.random.RandomState) -> Statement:
    target = knobs.target
    what = f"`{target.name}` ({target.about})"
    legend = f"{target.about}: 0 = {target.negative}, 1 = {target.positive} (train only)"
    said = knobs.remarks
    return Statement(
        task=opening(
            rng, what, knobs.noun, knobs.train_rows, knobs.public_rows + knobs.private_rows
        ),
        targets=(target.name,),
        columns={
            **{text.name: text.about for text in (knobs.clip, knobs.site, knobs.moment)},
            target.name: legend,
        },
        hints=remarks(rng, (said.brief, said.direction, said.shape, said.place, said.moment)),
        files={
            FOLDER: f"the recordings as WAV, mono, 16 bit, {knobs.rate} samples per second, "
            f"{knobs.samples / knobs.rate:g} s each"
        },
        heading=one(rng, HEADINGS),
    )


FAMILY = AudioUpcall()
