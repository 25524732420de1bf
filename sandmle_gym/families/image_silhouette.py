"""Silhouettes: one flat shape a picture, turned and scaled at will, of one of two kinds."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.binary import BinaryKnobs, BinaryPictures
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.outlines import OUTLINE, WAVES, outlines
from sandmle_gym.families.image.witness import Tier, measured

MEASURES = {
    "core": "dark_core(light, mask, around)",
    "veil": "light_slope(light, mask, around)",
    **{name: f"outline_wave(mask, around, {waves})" for name, waves in WAVES.items()},
}


class ImageSilhouette(BinaryPictures):
    """Place, scale and turn mean nothing; moments of the outline that ignore them do."""

    name = "image_silhouette"
    trains = "Cut a shape out of its background and describe it whatever its place, size and turn."
    factors = OUTLINE

    def paint(
        self, knobs: BinaryKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the shapes."""
        return developed(outlines(factors, knobs.side, rng))

    def tiers(self, knobs: BinaryKnobs) -> dict[str, Tier]:
        """Find the shape, and measure its outline in polar coordinates."""
        look = (
            "light = grey_light(pictures)\nmask = object_mask(light)\naround = polar_pixels(mask)\n"
        )
        return measured(look, MEASURES, knobs.parts["latent"])


FAMILY = ImageSilhouette()
