"""Tell the output of a controlled plant at one moment of a run from the inputs of the whole run."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.series.plant import Plant, Share, draw_runs
from sandmle_gym.families.series.response import programs
from sandmle_gym.families.table import Category, Cells, Quantity, Text, words
from sandmle_gym.families.wording import HEADINGS, one, opening, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

PUBLIC_ROWS, PRIVATE_ROWS = 200, 1500


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    moment: Hints
    store: Hints
    peak: Hints
    kinds: Hints


class ControlRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (170, 200)
    noise: ShareRange = (0.03, 0.05)
    """Standard deviation of the reading, as a share of that of the output."""
    leak: ShareRange = (0.06, 0.16)
    """Share of the store that is lost in a step."""


class ControlCard(SeedCard):
    """A card for one kind of plant."""

    target: Quantity
    control: Text
    """The input; its columns are its name and the number of the step."""
    asked: Text
    kind: Category
    steps: int = Field(ge=16, le=48)
    first: int = Field(ge=4, le=15)
    """Earliest step that is asked for."""
    plant: Plant
    remarks: Remarks
    ranges: ControlRanges = ControlRanges()


class ControlKnobs(Knobs):
    """All that decides a task."""

    target: Quantity
    control: Text
    asked: Text
    kind: Category
    steps: int
    first: int
    plant: Plant
    remarks: Remarks
    leak: Share
    noise: Share


class SeriesControl(Family):
    """The target is normal around what the plant does; every run is read once."""

    name = "series_control"
    metrics: ClassVar = dict.fromkeys(("mae", "rmse", "r2"), Form.VALUE)
    card = ControlCard
    knobs = ControlKnobs
    trains = (
        "Turn a sequence of inputs into the state it leaves behind: what acts at once, what adds up and "
        "leaks away, what is remembered as an extreme, and how kinds of plants differ."
    )
    exploits = (
        "Inputs after the moment of reading are in the table but act on nothing.",
        "Every run is read once, so no run's output can be copied from its neighbour.",
        "Ids and order are drawn at random.",
    )

    def derive(self, card: ControlCard, rng: np.random.RandomState, attempt: int) -> ControlKnobs:
        """Set the knobs; later attempts have less noise."""
        leak = within(rng, card.ranges.leak)
        copied = ("target", "control", "asked", "kind", "steps", "first", "plant", "remarks")
        return ControlKnobs(
            **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
            **{name: getattr(card, name) for name in copied},
            leak=leak,
            noise=round(within(rng, card.ranges.noise) * 0.9**attempt, 4),
        )

    def compose(self, knobs: ControlKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw runs and read each of them once."""
        del ids
        kinds, cut = len(knobs.kind.levels), knobs.train_rows
        shape = (knobs.rows, knobs.steps)
        runs = draw_runs(knobs.plant, knobs.leak, kinds, shape, knobs.first, *key)
        read = runs.mean + knobs.noise * stream(*key, "noise").normal(size=knobs.rows)
        target = knobs.target.cells(knobs.target.scaled(read)).text()
        spread = knobs.noise * knobs.target.spread
        best = oracle.values(
            knobs.metric, knobs.target.centre + knobs.target.spread * runs.mean, spread
        )
        table = {
            knobs.kind.name: words(knobs.kind.levels, runs.kind).text(),
            knobs.asked.name: [str(step) for step in runs.asked.tolist()],
            **{
                f"{knobs.control.name}_{step:02d}": Cells(runs.inputs[:, step], 2).text()
                for step in range(knobs.steps)
            },
        }
        name = knobs.target.name
        return Drawn(
            train={**{column: cells[:cut] for column, cells in table.items()}, name: target[:cut]},
            test={column: cells[cut:] for column, cells in table.items()},
            truth={name: target[cut:]},
            oracle={name: [f"{value:.7g}" for value in best[cut:]]},
            sample={name: f"{knobs.target.centre:g}"},
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=programs(knobs),
        )

    def insights(self, card: ControlCard) -> Sequence[Insight]:
        """List what the plant does with its input."""
        control = f"`{card.control.name}_…`"
        return (
            Insight(
                f"{control}, `{card.asked.name}`",
                "moment",
                "only the inputs up to the asked step count",
            ),
            Insight(
                control,
                "store",
                "the input adds up in a store that loses a share of its content at every step",
            ),
            Insight(control, "peak", "the highest input so far is remembered"),
            Insight(
                f"`{card.kind.name}`",
                "gains",
                "every kind has its own gains for the moment and for the store",
            ),
        )


def _statement(knobs: ControlKnobs, rng: np.random.RandomState) -> Statement:
    target, said = knobs.target, knobs.remarks
    what = f"`{target.name}` ({target.about})"
    steps = {
        f"{knobs.control.name}_{step:02d}": f"{knobs.control.about}, in step {step}"
        for step in range(knobs.steps)
    }
    return Statement(
        task=opening(
            rng, what, knobs.noun, knobs.train_rows, knobs.public_rows + knobs.private_rows
        ),
        targets=(target.name,),
        columns={
            knobs.kind.name: knobs.kind.about,
            knobs.asked.name: knobs.asked.about,
            **steps,
            target.name: f"{target.about} (train only)",
        },
        hints=remarks(rng, (said.moment, said.store, said.peak, said.kinds)),
        heading=one(rng, HEADINGS),
    )


FAMILY = SeriesControl()
