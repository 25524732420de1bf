"""Patches of tissue: cells all over the picture, of which only those in its middle third decide."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.binary import BinaryCard, BinaryKnobs, BinaryPictures
from sandmle_gym.families.image.budget import Role
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.cells import TISSUE, tissue
from sandmle_gym.families.image.witness import Tier, designed

MEASURES = {
    "wash": "wash",
    "crowd": "counted[:, 0]",
    "girth": "counted[:, 1]",
    "stain": "counted[:, 2]",
}


class ImagePatch(BinaryPictures):
    """Eight ninths of a picture are there to distract, and so are crumbs between the cells."""

    name = "image_patch"
    trains = "Find out which part of a picture decides, tell stains apart by colour, and count."
    factors = TISSUE

    def roles(self, card: BinaryCard, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Let the middle's colours show stain, single cells girth; neither many nor few cells are well."""
        del card, rng
        given: dict[str, Role] = {"wash": "plain", "stain": "insight", "girth": "insight"}
        return {"latent": {**given, "crowd": "curved"}}

    def paint(
        self, knobs: BinaryKnobs, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the slides."""
        return developed(tissue(factors, knobs.side, np.array(knobs.colours), rng))

    def tiers(self, knobs: BinaryKnobs) -> dict[str, Tier]:
        """Look at the whole, at the middle, at the middle's cells, and at nothing else."""
        parts = knobs.parts["latent"]
        exactly = designed(parts, MEASURES)
        crop = (
            "middle, wash = middle_third(pictures), median_hue(pictures)\n"
            "features = standard_columns([generic_columns(middle, 2), wash])\n"
        )
        first, second = knobs.colours[1:]
        count = f"counted = cell_measures(tissue_stains(middle, {first}, {second})[0])\n"
        return {
            "competent": Tier("features = standard_columns(generic_columns(pictures))\n"),
            "insight": Tier(crop),
            "insights": Tier(
                f"{crop}{count}features = np.column_stack([features, 2 * standard_columns(counted)])\n"
            ),
            "expert": Tier(
                f"{crop}{count}features = {exactly}\n",
                exact=True,
            ),
        }


FAMILY = ImagePatch()
