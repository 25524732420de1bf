"""Ordinal grades: a disc with specks of two kinds, graded by what is on it and where."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.image.budget import Latent
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.card import ImageCard, ImageKnobs
from sandmle_gym.families.image.discs import DISC, discs
from sandmle_gym.families.image.family import FactorFamily
from sandmle_gym.families.image.outcomes import Asked, grades
from sandmle_gym.families.image.witness import Tier, measured
from sandmle_gym.families.table import Text
from sandmle_gym.families.tabular_multiclass import even_cuts
from sandmle_gym.spec import Form


class Grade(Text):
    """An ordinal target in a card."""

    grades: int = Field(ge=3, le=6)
    """How many there are, the lowest is 0."""


class CutGrade(Grade):
    """An ordinal target in the knobs."""

    cuts: Annotated[tuple[float, ...], Field(min_length=2)]


class GradeCard(ImageCard):
    """A card of grades; its colours are the disc's, and what both kinds of specks let through of it."""

    target: Grade


class GradeKnobs(ImageKnobs):
    """Grades and their cuts."""

    target: CutGrade


MEASURES = {
    "tint": "disc_tint(pictures, away)",
    "rim": "disc_rim(grey_light(pictures), away)",
    "pits": "pits[:, 0]",
    "flecks": "flecks[:, 0]",
    "scatter": "pits[:, 1]",
}


class ImageOrdinal(FactorFamily):
    """Discs differ in place, size, exposure and lamp light, so nothing can be read off raw pixels."""

    name = "image_ordinal"
    metrics: ClassVar = {"qwk": Form.LABEL} | dict.fromkeys(("mae", "rmse", "spearman"), Form.VALUE)
    card = GradeCard
    knobs = GradeKnobs
    trains = "Find the object, tell inks apart by colour, count, and cut a score where the metric wants it."
    factors = DISC

    def settle(self, target: Grade, rng: np.random.RandomState) -> CutGrade:
        """Choose how common each grade is."""
        cuts = even_cuts(target.grades, rng)
        return CutGrade.model_validate({**target.model_dump(), "cuts": cuts})

    def paint(
        self, knobs: GradeKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the discs."""
        return developed(discs(factors, knobs.side, np.array(knobs.colours), rng))

    def ask(self, knobs: GradeKnobs, latents: Mapping[str, Latent]) -> Asked:
        """Cut the hidden number into grades."""
        target = knobs.target
        form = self.form(knobs.metric)
        return grades(target.name, target.cuts, knobs.metric, form, latents["latent"])

    def tiers(self, knobs: GradeKnobs) -> dict[str, Tier]:
        """Find the disc, unmix the inks of its specks, count them and see where they lie."""
        first, second = knobs.colours[1:]
        look = (
            "away = largest_disc(grey_light(pictures))\n"
            f"inks = disc_stains(pictures, away, {first}, {second})\n"
            "pits, flecks = speck_measures(inks[0], away), speck_measures(inks[1], away)\n"
        )
        return measured(look, MEASURES, knobs.parts["latent"])

    def legend(self, knobs: GradeKnobs) -> dict[str, str]:
        """Name the range."""
        target = knobs.target
        return {target.name: f"{target.about}, from 0 to {target.grades - 1}"}


FAMILY = ImageOrdinal()
