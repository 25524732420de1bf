"""Tell how much time is left until an event from short snippets of several sensors."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.series.arrays import FOLDER, npy
from sandmle_gym.families.series.tremor import CHANNELS, Share, Signs, draw_snippets
from sandmle_gym.families.series.warning import programs
from sandmle_gym.families.table import Amount, Text
from sandmle_gym.families.wording import HEADINGS, one, opening, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

PUBLIC_ROWS, PRIVATE_ROWS = 100, 1000


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    glide: Hints
    ratio: Hints
    bursts: Hints
    gain: Hints


class EventsRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (150, 190)
    noise: ShareRange = (0.03, 0.06)
    """Share of the variance of the logarithm that no sign shows."""


class EventsCard(SeedCard):
    """A card for one kind of event."""

    target: Amount
    path: Text
    sensors: str = Field(min_length=20, max_length=200)
    """What the rows of a file are, in order."""
    samples: int = Field(ge=160, le=400)
    signs: Signs
    remarks: Remarks
    ranges: EventsRanges = EventsRanges()


class EventsKnobs(Knobs):
    """All that decides a task."""

    target: Amount
    path: Text
    sensors: str
    samples: int
    signs: Signs
    remarks: Remarks
    noise: Share


class SeriesEvents(Family):
    """The target is log-normal; its oracle knows the three signs before they were drowned in noise."""

    name = "series_events"
    metrics: ClassVar = dict.fromkeys(("mae", "rmsle", "smape", "rmse"), Form.VALUE)
    card = EventsCard
    knobs = EventsKnobs
    trains = (
        "Make numbers out of raw sensor samples: find what changes in pitch, in the balance of sensors "
        "and in the count of bursts, whatever the gain, and with dead sensors left out."
    )
    exploits = (
        "The gain of a snippet is drawn at random, so loudness tells nothing of the time.",
        "Dead sensors are as frequent early as late.",
        "All files have the same size and a name drawn at random.",
    )

    def derive(self, card: EventsCard, rng: np.random.RandomState, attempt: int) -> EventsKnobs:
        """Set the knobs; later attempts have less noise."""
        copied = ("target", "path", "sensors", "samples", "signs", "remarks")
        return EventsKnobs(
            **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
            **{name: getattr(card, name) for name in copied},
            noise=round(within(rng, card.ranges.noise) * 0.9**attempt, 4),
        )

    def compose(self, knobs: EventsKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the signs, the snippets that show them, and the time that is left."""
        cut, target = knobs.train_rows, knobs.target
        snippets = draw_snippets(knobs.signs, (knobs.rows, knobs.samples), *key)
        mean = np.sqrt(1 - knobs.noise) * snippets.mean
        spread = float(np.sqrt(knobs.noise))
        latent = np.round(mean + spread * stream(*key, "noise").normal(size=knobs.rows), 6)
        best = oracle.positive_values(
            knobs.metric, np.log(target.median) + target.spread * mean, target.spread * spread
        )
        cells = target.cells(target.scaled(latent)).text()
        names = [f"{FOLDER}{name}.npy" for name in ids]
        return Drawn(
            train={knobs.path.name: names[:cut], target.name: cells[:cut]},
            test={knobs.path.name: names[cut:]},
            truth={target.name: cells[cut:]},
            oracle={target.name: [f"{value:.7g}" for value in best[cut:]]},
            sample={target.name: f"{target.median:g}"},
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=programs(knobs),
            files={name: npy(part) for name, part in zip(names, snippets.samples, strict=True)},
        )

    def insights(self, card: EventsCard) -> Sequence[Insight]:
        """List what the snippets hide."""
        way = "higher" if card.signs.rising else "lower"
        return (
            Insight(f"`{FOLDER}`", "glide", f"the tremor is {way} the more time is left"),
            Insight(
                f"`{FOLDER}`",
                "ratio",
                "tremor in the far sensors over that in the near ones grows with the time left",
            ),
            Insight(f"`{FOLDER}`", "bursts", "short bursts become more frequent towards the event"),
            Insight(
                f"`{FOLDER}`", "gain", "every snippet has a gain of its own, and some a dead sensor"
            ),
        )


def _statement(knobs: EventsKnobs, rng: np.random.RandomState) -> Statement:
    target, said = knobs.target, knobs.remarks
    what = f"`{target.name}` ({target.about})"
    return Statement(
        task=opening(
            rng, what, knobs.noun, knobs.train_rows, knobs.public_rows + knobs.private_rows
        ),
        targets=(target.name,),
        columns={knobs.path.name: knobs.path.about, target.name: f"{target.about} (train only)"},
        hints=remarks(rng, (said.glide, said.ratio, said.bursts, said.gain)),
        files={
            FOLDER: f"one array per row in NumPy's format, {CHANNELS} rows of {knobs.samples} samples, "
            f"16-bit integers; {knobs.sensors}"
        },
        heading=one(rng, HEADINGS),
    )


FAMILY = SeriesEvents()
