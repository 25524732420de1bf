"""What tabular families share: from knobs to a task with files, witnesses and oracle."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import ValidationError

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART, Private, TaskBundle
from sandmle_gym.errors import CardError, UnknownNameError
from sandmle_gym.families import witness
from sandmle_gym.families.description import describe
from sandmle_gym.families.knobs import Knobs, set_knobs
from sandmle_gym.families.table import Cells, Text, write_csv
from sandmle_gym.families.traps import Rows
from sandmle_gym.families.world import World, draw_world
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, MetricSpec, SubmissionSchema, TaskBrief, TaskSpec

if TYPE_CHECKING:
    from sandmle_gym.families.card import SeedCard

Columns = dict[str, list[str]]
"""Prediction columns of a submission, as text."""


@dataclass(frozen=True)
class Decision:
    """What a family does with a drawn world."""

    target: Cells
    """The target of every row."""
    labels: tuple[str, ...]
    """Class labels of the submission, for the forms that have them."""
    oracle: Columns
    """The best possible submission for all rows."""
    sample: Columns
    """What the sample submission holds, one row."""


class TabularFamily(ABC):
    """A kind of target over the shared skill-budget world. Stateless; one object per family."""

    name: ClassVar[str]
    metrics: ClassVar[Mapping[str, Form]]
    """Metrics that suit the target, with the form of submission that each asks for."""
    card_target: ClassVar[type[Text]]
    """The target section of a card."""
    knobs: ClassVar[type[Knobs]]

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

    def check_card(self, card: "SeedCard") -> None:  # noqa: B027 (most have nothing to refuse)
        """Refuse a card that this family cannot draw from.

        Raises:
            ValueError: It says which field is wrong.
        """

    def form(self, metric: MetricSpec) -> Form:
        """Return what a row of a submission holds under a metric.

        Raises:
            UnknownNameError: The metric does not suit this family.
        """
        if metric.name not in self.metrics:
            raise UnknownNameError(f"metric of {self.name}", metric.name, self.metrics)
        return self.metrics[metric.name]

    def derive(self, card: "SeedCard", rng: np.random.RandomState, attempt: int) -> Knobs:
        """Set the knobs of a task within the ranges of a card."""
        settings = set_knobs(card, rng, attempt)
        target = self.settle(card.target, rng)
        return self.knobs.model_validate({**settings, "target": target})

    def draw(self, spec: TaskSpec) -> TaskBundle:
        """Draw the task of a recipe; see `sandmle_gym.families.draw`."""
        try:
            knobs = self.knobs.model_validate(spec.knobs)
        except ValidationError as error:
            raise CardError(f"the knobs of {spec.card} {spec.index}: {error}") from error
        key = (spec.card, spec.index, spec.attempt)
        world = draw_world(knobs, *key)
        decision = self.decide(knobs, world)
        return _bundle(self, spec, knobs, world, decision)


def _bundle(
    family: TabularFamily, spec: TaskSpec, knobs: Knobs, world: World, decision: Decision
) -> TaskBundle:
    key = (spec.card, spec.index, spec.attempt)
    rows = Rows(world.columns, decision.target, world.latent, knobs.train_rows)
    cleaning = ""
    for trap in knobs.traps:
        rows = trap.spring(rows, stream(*key, "trap", trap.kind))
        cleaning = trap.cleaning() + cleaning
    schema = SubmissionSchema(
        id_column=knobs.id_column,
        columns=tuple(decision.oracle),
        form=family.form(knobs.metric),
        rows=knobs.public_rows + knobs.private_rows,
        labels=decision.labels,
    )
    brief = TaskBrief(
        title=knobs.title,
        card=spec.card,
        index=spec.index,
        family=spec.family,
        modality=knobs.modality,
        domain=knobs.domain,
        metric=knobs.metric,
        submission=schema,
        train_rows=knobs.train_rows,
    )
    ids = _ids(knobs.rows, *key)
    files = _files(knobs, rows, ids, decision)
    text = describe(
        brief, knobs, family.legend(knobs), list(rows.columns), stream(*key, "description")
    )
    tested = slice(knobs.train_rows, None)
    return TaskBundle(
        brief=brief,
        public={"description.md": text.encode(), **files},
        private=Private(
            answers=_answers(knobs, rows, ids, decision, stream(*key, "parts")),
            oracle=write_csv(
                {knobs.id_column: ids[tested]}
                | {name: cells[tested] for name, cells in decision.oracle.items()}
            ),
            witnesses=_witnesses(family, knobs, world, cleaning),
            spec=spec,
        ),
    )


def _ids(rows: int, *key: Label) -> list[str]:
    """Draw distinct ids that say nothing: eight hexadecimal digits, the first one a letter."""
    rng = stream(*key, "ids")
    ids: dict[str, None] = {}
    while len(ids) < rows:
        numbers = rng.randint(0xA0000000, 0xFFFFFFFF, size=rows, dtype=np.int64)
        ids |= dict.fromkeys(f"{number:x}" for number in numbers.tolist())
    return list(ids)[:rows]


def _files(knobs: Knobs, rows: Rows, ids: list[str], decision: Decision) -> dict[str, bytes]:
    train, tested = slice(None, rows.train), slice(rows.train, None)
    cells = {name: column.text() for name, column in rows.columns.items()}
    name = knobs.target.name
    return {
        "train.csv": write_csv(
            {knobs.id_column: ids[train]}
            | {column: texts[train] for column, texts in cells.items()}
            | {name: rows.target.text()[train]}
        ),
        "test.csv": write_csv(
            {knobs.id_column: ids[tested]}
            | {column: texts[tested] for column, texts in cells.items()}
        ),
        "sample_submission.csv": write_csv(
            {knobs.id_column: ids[tested]}
            | {
                column: value * (knobs.rows - rows.train)
                for column, value in decision.sample.items()
            }
        ),
    }


def _answers(
    knobs: Knobs, rows: Rows, ids: list[str], decision: Decision, rng: np.random.RandomState
) -> bytes:
    tested = slice(rows.train, None)
    count = knobs.public_rows + knobs.private_rows
    public = set(rng.permutation(count)[: knobs.public_rows].tolist())
    return write_csv(
        {
            knobs.id_column: ids[tested],
            "part": [PUBLIC_PART if k in public else PRIVATE_PART for k in range(count)],
            knobs.target.name: decision.target.text()[tested],
        }
    )


def _witnesses(family: TabularFamily, knobs: Knobs, world: World, cleaning: str) -> dict[str, str]:
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
        ),
        family.fit(knobs),
    )
