"""What tabular families share: from a drawn world to the parts of a task."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from sandmle_gym.families.family import Drawn, Family, Insight
from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular import witness
from sandmle_gym.families.tabular.card import TabularCard
from sandmle_gym.families.tabular.knobs import TabularKnobs, set_knobs
from sandmle_gym.families.tabular.statement import state
from sandmle_gym.families.tabular.traps import Rows
from sandmle_gym.families.tabular.world import World, draw_world
from sandmle_gym.seeding import Label, stream

Columns = dict[str, list[str]]
"""Prediction columns of a submission, as text."""


@dataclass(frozen=True)
class Beside:
    """A column that stands beside the target, in `train.csv` and in the answers."""

    cells: Cells
    about: str


@dataclass(frozen=True)
class Decision:
    """What a family does with a drawn world."""

    target: Cells
    """The target of every row."""
    labels: tuple[str, ...]
    """Class labels of the submission, for the forms that have them."""
    oracle: Columns
    """The best possible submission for all rows."""
    sample: dict[str, str]
    """What the sample submission holds in every row."""
    beside: Mapping[str, Beside] = field(default_factory=dict)
    """Further columns of `train.csv` and of the answers, not to be predicted."""


class TabularFamily(Family):
    """A kind of target over the shared skill-budget world."""

    card = TabularCard
    card_target: ClassVar[type[Text]]
    """The target section of a card."""
    trains = (
        "Look at small, messy tables before fitting: build the features that the raw columns hide, and "
        "keep out of the traps."
    )
    exploits = (
        "Columns that are filled in after the fact know the target in train only: they are noise in test.",
        "Ids and the order of rows are drawn at random; probes of both are gates of the certificate.",
        "Repeated submissions do not tell the answers: `score` judges other rows than the reward does.",
    )

    @abstractmethod
    def settle(self, target: Any, rng: np.random.RandomState) -> Text:
        """Choose the numbers of the target (cut points, scale) within the ranges of the card."""

    @abstractmethod
    def decide(self, knobs: Any, world: World) -> Decision:
        """Observe the latent as a target, and submit the Bayes-optimal answer."""

    @abstractmethod
    def fit(self, knobs: Any) -> witness.Fit:
        """Say how witness programs predict this target for this metric."""

    def legend(self, knobs: Any) -> str:
        """Say what the values of the target stand for, to follow its meaning in a description."""
        del knobs
        return ""

    def check_card(self, card: TabularCard) -> None:
        """Refuse a card that this family cannot draw from.

        Raises:
            ValueError: It says which field is wrong.
        """

    def derive(self, card: TabularCard, rng: np.random.RandomState, attempt: int) -> TabularKnobs:
        """Set the knobs of a task within the ranges of a card."""
        settings = set_knobs(card, rng, attempt)
        target = self.settle(card.target, rng)
        return self.knobs.model_validate({**settings, "target": target})  # type: ignore[return-value]

    def compose(self, knobs: TabularKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the world, observe it, and spring the traps."""
        world = draw_world(knobs, *key)
        decision = self.decide(knobs, world)
        rows = Rows(world.columns, decision.target, world.latent, knobs.train_rows)
        cleaning = ""
        for trap in knobs.traps:
            rows = trap.spring(rows, stream(*key, "trap", trap.kind))
            cleaning = trap.cleaning() + cleaning
        train, tested = slice(None, rows.train), slice(rows.train, None)
        name = knobs.target.name
        cells = {column: values.text() for column, values in rows.columns.items()}
        beside = {column: known.cells.text() for column, known in decision.beside.items()}
        statement = state(knobs, self.legend(knobs), list(cells), stream(*key, "description"))
        told = {column: f"{known.about} (train only)" for column, known in decision.beside.items()}
        return Drawn(
            train={column: texts[train] for column, texts in (cells | beside).items()}
            | {name: rows.target.text()[train]},
            test={
                column: texts[tested] for column, texts in cells.items() if column not in rows.later
            },
            truth={name: decision.target.text()[tested]}
            | {column: texts[tested] for column, texts in beside.items()},
            oracle={column: texts[tested] for column, texts in decision.oracle.items()},
            sample=decision.sample,
            labels=decision.labels,
            statement=replace(statement, columns={**statement.columns, **told}),
            witnesses=_witnesses(self, knobs, world, cleaning),
            files=_files(world, ids, cells),
        )

    def insights(self, card: TabularCard) -> list[Insight]:
        """List the units and the traps."""
        return [
            Insight(
                ", ".join(
                    f"`{name}`"
                    for name in (
                        *(column.name for column in part.columns),
                        *(side.file for side in part.sides),
                    )
                ),
                part.kind,
                part.hidden,
            )
            for part in (*card.units, *card.traps)
        ]


def _files(
    world: World, ids: Sequence[str], cells: Mapping[str, Sequence[str]]
) -> dict[str, bytes]:
    """Collect what the units bring, without pictures of rows that a trap has overwritten."""
    brought: dict[str, bytes] = {}
    for part in world.units:
        brought |= part.files(ids) if part.files is not None else {}
    named = {cell for column in cells.values() for cell in column}
    return {name: data for name, data in brought.items() if "/" not in name or name in named}


def _witnesses(
    family: TabularFamily, knobs: TabularKnobs, world: World, cleaning: str
) -> dict[str, str]:
    value = [share * unit.gain for share, unit in zip(knobs.unit_shares, knobs.units, strict=True)]
    ranked = sorted(range(len(value)), key=lambda k: -value[k])
    useless = [column.name for column in knobs.distractors]
    basis = [part.basis for part in (*world.units, *world.blocks)]
    return witness.programs(
        witness.Story(
            title=knobs.title,
            metric=knobs.metric.name,
            id_column=knobs.id_column,
            target=knobs.target.name,
        ),
        witness.Steps(
            cleaning=cleaning,
            units=tuple(world.units[k].features for k in ranked),
            basis="".join(basis) + f"both = both.drop(columns={useless})\n",
            joins=any(part.files is not None for part in world.units),
        ),
        family.fit(knobs),
    )
