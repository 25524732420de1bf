"""Score windows of two coupled sensors by how likely they are faulty; few of the known ones were checked."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.series.alarms import programs
from sandmle_gym.families.series.watch import FINE, Coupling, Share, draw_windows
from sandmle_gym.families.table import Category, Quantity, Text, Word, words
from sandmle_gym.families.wording import HEADINGS, one, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

PUBLIC_ROWS, PRIVATE_ROWS = 200, 1500


class State(Text):
    """The target: 0 or 1, and in most of the train rows a word instead."""

    fine: Word
    faulty: Word
    unchecked: Word


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    level: Hints
    coupling: Hints
    stuck: Hints
    jolts: Hints


class AnomalyRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (180, 200)
    checked: ShareRange = (0.1, 0.2)
    """Share of the train rows whose state is known."""
    noise: ShareRange = (0.36, 0.42)
    """Standard deviation of the second sensor around what it follows."""
    mistaken: ShareRange = (0.005, 0.015)
    """Share of states that are wrong."""


class AnomalyCard(SeedCard):
    """A card for one kind of machine."""

    target: State
    first: Quantity
    """The sensor that leads; its columns are its name and the number of the sample."""
    second: Quantity
    """The sensor that follows."""
    mode: Category
    samples: int = Field(ge=16, le=40)
    coupling: Coupling
    remarks: Remarks
    ranges: AnomalyRanges = AnomalyRanges()


class AnomalyKnobs(Knobs):
    """All that decides a task."""

    target: State
    first: Quantity
    second: Quantity
    mode: Category
    samples: int
    coupling: Coupling
    remarks: Remarks
    noise: Share
    checked: Share
    mistaken: Share


class SeriesAnomaly(Family):
    """The target says whether a window is faulty; the oracle knows which are."""

    name = "series_anomaly"
    metrics: ClassVar = dict.fromkeys(("average_precision", "roc_auc"), Form.PROBABILITY)
    card = AnomalyCard
    knobs = AnomalyKnobs
    trains = (
        "Find faults without labels: know what is normal in each mode, how one sensor follows another, "
        "and that what looks alarming may be harmless."
    )
    exploits = (
        "Harmless jolts are what generic outlier detectors find first.",
        "Faulty windows are no more frequent in one mode than in another.",
        "Ids and order are drawn at random.",
    )

    def derive(self, card: AnomalyCard, rng: np.random.RandomState, attempt: int) -> AnomalyKnobs:
        """Set the knobs; later attempts have less noise."""
        noise = round(within(rng, card.ranges.noise) * 0.95**attempt, 4)
        copied = ("target", "first", "second", "mode", "samples", "coupling", "remarks")
        return AnomalyKnobs(
            **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
            **{name: getattr(card, name) for name in copied},
            noise=noise,
            checked=within(rng, card.ranges.checked),
            mistaken=within(rng, card.ranges.mistaken),
        )

    def compose(self, knobs: AnomalyKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw windows; forget the state of most of the train rows."""
        del ids
        cut, name = knobs.train_rows, knobs.target.name
        modes, shape = len(knobs.mode.levels), (knobs.rows, knobs.samples)
        windows = draw_windows(knobs.coupling, knobs.noise, modes, shape, *key)
        rng = stream(*key, "states")
        faulty = windows.fault != FINE
        state = faulty ^ (rng.random_sample(knobs.rows) < knobs.mistaken)
        known = rng.random_sample(cut) < knobs.checked
        truth = [str(int(value)) for value in state]
        best = np.where(faulty, 1 - knobs.mistaken, knobs.mistaken)
        table = {knobs.mode.name: words(knobs.mode.levels, windows.mode).text()}
        for sensor, values in ((knobs.first, windows.first), (knobs.second, windows.second)):
            for step in range(knobs.samples):
                table[f"{sensor.name}_{step:02d}"] = sensor.cells(
                    sensor.scaled(values[:, step])
                ).text()
        shown = [
            value if seen else knobs.target.unchecked
            for value, seen in zip(truth[:cut], known.tolist(), strict=True)
        ]
        return Drawn(
            train={**{column: cells[:cut] for column, cells in table.items()}, name: shown},
            test={column: cells[cut:] for column, cells in table.items()},
            truth={name: truth[cut:]},
            oracle={name: [f"{value:.6g}" for value in best[cut:]]},
            sample={name: "0.5"},
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=programs(knobs),
        )

    def insights(self, card: AnomalyCard) -> Sequence[Insight]:
        """List what is wrong in faulty windows, and what only seems so."""
        first, second = f"`{card.first.name}_…`", f"`{card.second.name}_…`"
        return (
            Insight(
                f"`{card.mode.name}`, {second}",
                "context",
                "a level that is right in one mode is a fault in another",
            ),
            Insight(
                f"{first}, {second}",
                "coupling",
                "the second sensor follows the first, some samples later; some faults break that",
            ),
            Insight(first, "stuck", "a stuck sensor repeats itself but for a tremble"),
            Insight(f"{first}, {second}", "jolts", "single far values are harmless"),
        )


def _statement(knobs: AnomalyKnobs, rng: np.random.RandomState) -> Statement:
    target, said = knobs.target, knobs.remarks
    what = f"`{target.name}` ({target.about})"
    samples = {
        f"{sensor.name}_{step:02d}": f"{sensor.about}, sample {step} of the window"
        for sensor in (knobs.first, knobs.second)
        for step in range(knobs.samples)
    }
    legend = f"0 = {target.fine}, 1 = {target.faulty}, but `{target.unchecked}` in most rows"
    return Statement(
        task=f"Score all {knobs.public_rows + knobs.private_rows} {knobs.noun} in `test.csv` by {what}. "
        f"`train.csv` holds {knobs.train_rows} more, few of which were looked at: "
        f"`{target.name}` is `{target.unchecked}` for the rest.",
        targets=(target.name,),
        columns={
            knobs.mode.name: knobs.mode.about,
            **samples,
            target.name: f"{target.about}: {legend} (train only)",
        },
        hints=remarks(rng, (said.level, said.coupling, said.stuck, said.jolts)),
        heading=one(rng, HEADINGS),
    )


FAMILY = SeriesAnomaly()
