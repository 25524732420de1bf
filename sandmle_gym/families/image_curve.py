"""Curves: lines laid into a chest-like body, and several findings that depend on where they end."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.image.budget import Latent, Role
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.card import ImageCard, ImageKnobs, Rate
from sandmle_gym.families.image.family import FactorFamily
from sandmle_gym.families.image.films import FILM, films
from sandmle_gym.families.image.outcomes import Asked, several
from sandmle_gym.families.image.witness import Tier, designed
from sandmle_gym.families.table import Text
from sandmle_gym.spec import Form, Frozen


class Finding(Text):
    """One column of the target: a finding that is there, 1, or not, 0."""

    rate: tuple[Rate, Rate] = (0.2, 0.4)
    """Range of the share of films that have it."""


class Findings(Frozen):
    """The target in a card: one finding on the upright line, one on the lying line, one on its sag."""

    findings: Annotated[tuple[Finding, ...], Field(min_length=3, max_length=3)]


class CutFindings(Findings):
    """The target in the knobs."""

    cuts: Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]


class FilmCard(ImageCard):
    """A card of films."""

    target: Findings


class FilmKnobs(ImageKnobs):
    """Three findings and their cuts."""

    target: CutFindings


ROLES: tuple[dict[str, Role], ...] = (
    {"haze": "plain", "depth": "insight", "bow": "curved"},
    {"haze": "plain", "reach": "insight", "depth": "curved"},
    {"haze": "plain", "bow": "insight", "reach": "curved"},
)
"""What decides each finding."""


MEASURES = {"haze": "dim", "depth": "depth", "reach": "reach", "bow": "sag"}


class ImageCurve(FactorFamily):
    """Lines are faint and thin, and where they end counts from marks that lie elsewhere on every film."""

    name = "image_curve"
    metrics: ClassVar = {"roc_auc_columns": Form.PROBABILITY}
    card = FilmCard
    knobs = FilmKnobs
    trains = "Trace faint lines, measure from landmarks instead of the frame, and predict several findings."
    factors = FILM

    def settle(self, target: Findings, rng: np.random.RandomState) -> CutFindings:
        """Choose how common each finding is."""
        rates = [
            low + (high - low) * rng.random_sample()
            for low, high in (f.rate for f in target.findings)
        ]
        cuts = tuple(round(NormalDist().inv_cdf(1 - rate), 5) for rate in rates)
        return CutFindings.model_validate({**target.model_dump(), "cuts": cuts})

    def roles(self, card: FilmCard, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Give each finding its line."""
        del rng
        names = [finding.name for finding in card.target.findings]
        return {name: dict(roles) for name, roles in zip(names, ROLES, strict=True)}

    def paint(
        self, knobs: FilmKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the films."""
        return developed(films(factors, knobs.side, rng))

    def ask(self, knobs: FilmKnobs, latents: Mapping[str, Latent]) -> Asked:
        """Cut every hidden number."""
        names = [finding.name for finding in knobs.target.findings]
        return several(names, knobs.target.cuts, [latents[name] for name in names])

    def tiers(self, knobs: FilmKnobs) -> dict[str, Tier]:
        """Look at the film, find where lines end, find it from the landmarks, and in the right form."""
        known = "features = standard_columns(generic_columns(pictures))\n"
        trace = (
            "light = grey_light(pictures)\n"
            "spine, tip = upright_line(light)\n"
            "end, sag = lying_line(light)\n"
        )
        add = "features = np.column_stack([features, 2 * standard_columns([{}])])\n"
        each = [designed(parts, MEASURES) for parts in knobs.parts.values()]
        return {
            "competent": Tier(known),
            "insight": Tier(known + trace + add.format("tip, end")),
            "insights": Tier(known + trace + add.format("tip - bar_row(light), end - spine, sag")),
            "expert": Tier(
                f"{trace}dim, depth, reach = field_haze(light), tip - bar_row(light), end - spine\n"
                "features = [\n" + "".join(f"    {design},\n" for design in each) + "]\n",
                exact=True,
            ),
        }

    def legend(self, knobs: FilmKnobs) -> dict[str, str]:
        """Say that 1 is a finding."""
        return {finding.name: f"{finding.about}, 1 or 0" for finding in knobs.target.findings}


FAMILY = ImageCurve()
