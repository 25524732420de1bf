"""What every task family is: from a card to knobs, from knobs to the parts of a task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import ValidationError

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.errors import CardError, UnknownNameError
from sandmle_gym.families.assembly import Drawn, Knobs, assemble, draw_ids
from sandmle_gym.families.card import SeedCard
from sandmle_gym.families.wording import setting
from sandmle_gym.seeding import Label
from sandmle_gym.spec import Form, MetricSpec, TaskSpec

__all__ = ["Drawn", "Family", "Insight", "Knobs", "common"]


class Insight(NamedTuple):
    """One thing to discover, for people: a row of the table in a card's README."""

    where: str
    """Columns or files that it hides in."""
    kind: str
    """One word or two."""
    hidden: str
    """What is true but not told."""


class Family(ABC):
    """A kind of task. Stateless; one object per family, `FAMILY` of its module."""

    name: ClassVar[str]
    metrics: ClassVar[Mapping[str, Form]]
    """Metrics that suit the target, with the form of submission that each asks for."""
    card: ClassVar[type[SeedCard]]
    knobs: ClassVar[type[Knobs]]
    trains: ClassVar[str]
    """One sentence: which skill its tasks train."""
    exploits: ClassVar[tuple[str, ...]]
    """Known shortcuts, each with the reason why it does not pay."""

    @abstractmethod
    def derive(self, card: Any, rng: np.random.RandomState, attempt: int) -> Knobs:
        """Set the knobs of a task within the ranges of a card.

        Later attempts are a little easier to certify: less noise, larger steps between the tiers.
        """

    @abstractmethod
    def compose(self, knobs: Any, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the hidden world and everything that shows it.

        Args:
            knobs: The knobs of the task.
            key: First labels of every random stream that is used: `stream(*key, "noise")`.
            ids: The id of every row, train first.
        """

    @abstractmethod
    def insights(self, card: Any) -> Sequence[Insight]:
        """Say what there is to discover; agents never see it."""

    def form(self, metric: MetricSpec) -> Form:
        """Return what a row of a submission holds under a metric.

        Raises:
            UnknownNameError: The metric does not suit this family.
        """
        if metric.name not in self.metrics:
            raise UnknownNameError(f"metric of {self.name}", metric.name, self.metrics)
        return self.metrics[metric.name]

    def draw(self, spec: TaskSpec) -> TaskBundle:
        """Draw the task of a recipe; see `sandmle_gym.families.draw`."""
        try:
            knobs = self.knobs.model_validate(spec.knobs)
        except ValidationError as error:
            raise CardError(f"the knobs of {spec.card} {spec.index}: {error}") from error
        key = (spec.card, spec.index, spec.attempt)
        ids = draw_ids(knobs.rows, *key)
        return assemble(spec, knobs, self.form(knobs.metric), ids, self.compose(knobs, key, ids))


def common(
    card: SeedCard, rng: np.random.RandomState, *, public_rows: int, private_rows: int
) -> dict[str, Any]:
    """Draw the knobs that every family has: the card's words, a metric, the number of train rows."""
    low, high = card.ranges.train_rows
    place, origin = setting(rng, card.noun)
    return {
        **{name: getattr(card, name) for name in ("domain", "modality", "noun", "id_column")},
        "title": f"{card.title}, {place}",
        "story": f"{card.story.strip()}\n\n{origin}",
        "metric": card.metrics[rng.randint(len(card.metrics))],
        "train_rows": rng.randint(low, high + 1),
        "public_rows": public_rows,
        "private_rows": private_rows,
    }
