"""Spots: a leaf under lamps of many colours, with none, one or both of two diseases."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.image.budget import Latent, Role
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.card import ImageCard, ImageKnobs, Rate
from sandmle_gym.families.image.family import FactorFamily
from sandmle_gym.families.image.leaves import LEAF, leaves
from sandmle_gym.families.image.outcomes import Asked, paired
from sandmle_gym.families.image.witness import Tier, designed
from sandmle_gym.families.table import Text
from sandmle_gym.families.tabular_multiclass import ClassName
from sandmle_gym.spec import Form


class Diseases(Text):
    """The target in a card."""

    classes: Annotated[tuple[ClassName, ...], Field(min_length=4, max_length=4)]
    """Neither, the first disease, the second, both."""
    rates: tuple[tuple[Rate, Rate], tuple[Rate, Rate]] = ((0.3, 0.4), (0.22, 0.3))
    """Ranges of the shares of leaves that have the first and the second."""


class CutDiseases(Diseases):
    """The target in the knobs."""

    cuts: tuple[float, float]


class LeafCard(ImageCard):
    """A card of leaves; its colours are the leaf's, and what spots of both kinds let through of it."""

    target: Diseases


class LeafKnobs(ImageKnobs):
    """Two diseases and their cuts."""

    target: CutDiseases


MEASURES = {
    "fade": "spots[:, 3]",
    "wilt": "slenderness(mask)",
    "rust": "spots[:, 0]",
    "scab": "spots[:, 1]",
    "girth": "spots[:, 2]",
}


class ImageSpots(FactorFamily):
    """Colours mean nothing until the grey card has told the lamp; spots are told apart by colour."""

    name = "image_spots"
    metrics: ClassVar = {
        "roc_auc_columns": Form.PROBABILITY,
        **dict.fromkeys(("log_loss_multiclass", "roc_auc_ovr"), Form.DISTRIBUTION),
        **dict.fromkeys(("f1_macro", "balanced_accuracy"), Form.LABEL),
    }
    card = LeafCard
    knobs = LeafKnobs
    trains = "Balance colours before using them, count small things by colour, and see two targets in one."
    factors = LEAF

    def settle(self, target: Diseases, rng: np.random.RandomState) -> CutDiseases:
        """Choose how common both diseases are."""
        rates = [low + (high - low) * rng.random_sample() for low, high in target.rates]
        cuts = tuple(round(NormalDist().inv_cdf(1 - rate), 5) for rate in rates)
        return CutDiseases.model_validate({**target.model_dump(), "cuts": cuts})

    def roles(self, card: LeafCard, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Let each disease follow its own spots, and the leaf's colour or shape."""
        del card
        first, second = (("fade", "wilt")[k] for k in rng.permutation(2))
        bent = ("girth", second)[rng.randint(2)]
        return {
            "first": {first: "plain", "rust": "insight", bent: "curved"},
            "second": {second: "plain", "scab": "insight", first: "curved"},
        }

    def paint(
        self, knobs: LeafKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the leaves."""
        return developed(leaves(factors, knobs.side, np.array(knobs.colours), rng))

    def ask(self, knobs: LeafKnobs, latents: Mapping[str, Latent]) -> Asked:
        """Cut both hidden numbers."""
        target = knobs.target
        form = self.form(knobs.metric)
        both = (latents["first"], latents["second"])
        return paired(target.name, target.classes, knobs.metric, form, target.cuts, both)

    def tiers(self, knobs: LeafKnobs) -> dict[str, Tier]:
        """Look at the picture; under white light, at one kind of spots, at both; then see two outcomes."""
        first, second = knobs.colours[1:]
        known = "features = standard_columns(generic_columns(pictures))\n"
        white = "pictures = balanced_pictures(pictures)\n"
        find = (
            f"mask = leaf_mask(pictures)\nspots = leaf_spots(pictures, mask, {first}, {second})\n"
        )
        count = "features = np.column_stack([features, 2 * standard_columns(spots[:, {}])])\n"
        pair = [designed(knobs.parts[name], MEASURES) for name in ("first", "second")]
        return {
            "competent": Tier(known),
            "insight": Tier(white + find + known + count.format(":1")),
            "insights": Tier(white + find + known + count.format(":2")),
            "expert": Tier(
                f"{white}{find}first = {pair[0]}\nsecond = {pair[1]}\nfeatures = first, second\n",
                exact=True,
            ),
        }

    def legend(self, knobs: LeafKnobs) -> dict[str, str]:
        """Name the classes."""
        target = knobs.target
        if self.form(knobs.metric) is Form.PROBABILITY:
            return {label: f"{target.about}: 1 if it is `{label}`" for label in target.classes}
        return {target.name: f"{target.about}: " + ", ".join(f"`{c}`" for c in target.classes)}


FAMILY = ImageSpots()
