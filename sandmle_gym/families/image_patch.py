"""Patches of tissue: cells all over the picture, of which only those in its middle third decide."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.binary import BinaryKnobs, BinaryPictures
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.cells import TISSUE, tissue
from sandmle_gym.families.image.witness import Tier, designed

MEASURES = {"wash": "wash", "crowd": "counted[:, 0]", "girth": "counted[:, 1]", "stain": "counted[:, 2]"}


class ImagePatch(BinaryPictures):
    """Eight ninths of a picture are there to distract, and so are crumbs between the cells."""

    name = "image_patch"
    trains = "Find out which part of a picture decides, tell stains apart by colour, and count."
    factors = TISSUE

    def paint(
        self, knobs: BinaryKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the slides."""
        return developed(tissue(factors, knobs.side, np.array(knobs.colours), rng))

    def tiers(self, knobs: BinaryKnobs) -> dict[str, Tier]:
        """Look at the whole, at the middle, at the middle's cells, and at nothing else."""
        parts = knobs.parts["latent"]
        exactly = designed(parts, MEASURES)
        noticed = ", ".join(MEASURES[part.factor] for part in parts if part.role == "insight")
        crop = (
            "middle, wash = thirds(pictures), hue(pictures)\n"
            "features = standardised([generic(middle, 2), wash])\n"
        )
        first, second = knobs.colours[1:]
        count = f"counted = cells(stains(middle, {first}, {second})[0])\n"
        return {
            "competent": Tier("features = standardised(generic(pictures))\n"),
            "insight": Tier(crop),
            "insights": Tier(
                f"{crop}{count}features = np.column_stack([features, 3 * standardised([{noticed}])])\n"
            ),
            "expert": Tier(
                f"{crop}{count}features = {exactly}\n",
                exact=True,
            ),
        }


FAMILY = ImagePatch()
