"""Texture: a rippled patch somewhere on cluttered ground, and whether it is of the kind looked for."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.binary import BinaryKnobs, BinaryPictures
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.textures import RIPPLED, rippled
from sandmle_gym.families.image.witness import Tier, measured

MEASURES = {
    "relief": "waves[:, 0]",
    "pitch": "waves[:, 1]",
    "lay": "waves[:, 2:]",
    "span": "wave_reach(light, waves)",
    "ridge": "wave_crests(light, waves)",
}


class ImageTexture(BinaryPictures):
    """No pixel means anything by itself, for the patch lies anywhere; spectrum and asymmetry do."""

    name = "image_texture"
    trains = "Describe a texture by what does not depend on its place: strength, pitch, direction, skewness."
    factors = RIPPLED

    def paint(
        self, knobs: BinaryKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the patches."""
        return developed(rippled(factors, knobs.side, knobs.turn, rng))

    def tiers(self, knobs: BinaryKnobs) -> dict[str, Tier]:
        """Measure the strongest wave, and how it is shaped."""
        look = "light = grey_light(pictures)\nwaves = strongest_wave(light)\n"
        exact = {"lay": f"wave_lean(waves, {knobs.turn})"}
        return measured(look, MEASURES, knobs.parts["latent"], exact)


FAMILY = ImageTexture()
