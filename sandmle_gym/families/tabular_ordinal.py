"""Ordinal targets: grades 0, 1, 2 ... that follow the latent."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular.family import Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.families.tabular_multiclass import check_classes, even_cuts
from sandmle_gym.spec import Form

if TYPE_CHECKING:
    from sandmle_gym.families.tabular.card import TabularCard


class Grade(Text):
    """An ordinal target in a card."""

    grades: int = Field(ge=3, le=8)
    """How many there are, the lowest is 0."""


class CutGrade(Grade):
    """An ordinal target in the knobs."""

    cuts: tuple[float, ...]


class TabularOrdinal(TabularFamily):
    """A label under QWK, a number under the metrics of values."""

    name = "tabular_ordinal"
    metrics: ClassVar = {"qwk": Form.LABEL} | dict.fromkeys(("mae", "rmse", "spearman"), Form.VALUE)
    card_target = Grade
    knobs = TabularKnobs[CutGrade]

    def check_card(self, card: "TabularCard") -> None:
        """Refuse more grades than the train rows can show."""
        check_classes(card, getattr(card.target, "grades", 0))

    def settle(self, target: Grade, rng: np.random.RandomState) -> CutGrade:
        """Choose how common each grade is."""
        cuts = even_cuts(target.grades, rng)
        return CutGrade.model_validate({**target.model_dump(), "cuts": cuts})

    def decide(self, knobs: TabularKnobs[CutGrade], world: World) -> Decision:
        """Cut the latent; submit what the metric asks of the posterior over grades."""
        target = knobs.target
        posterior = oracle.class_posterior(world.mean, world.spread, target.cuts)
        grades = np.searchsorted(target.cuts, world.latent).astype(float)
        best = oracle.grades(knobs.metric, posterior)
        is_label = self.form(knobs.metric) is Form.LABEL
        labels = tuple(str(grade) for grade in range(target.grades))
        return Decision(
            target=Cells(grades, 0),
            labels=labels if is_label else (),
            oracle={target.name: [f"{value:.6g}" for value in best]},
            sample={target.name: labels[len(labels) // 2]},
        )

    def legend(self, knobs: TabularKnobs[CutGrade]) -> str:
        """Name the range."""
        return f", from 0 to {knobs.target.grades - 1}"

    def fit(self, knobs: TabularKnobs[CutGrade]) -> Fit:
        """Fit the grade as a number."""
        return fits.grades(knobs.target.name, knobs.target.grades, knobs.metric)


FAMILY = TabularOrdinal()
