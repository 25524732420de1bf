"""Restoration: a scrap of print under stains, folds and noise, and the clean light of its middle."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.image.budget import Role
from sandmle_gym.families.image.canvas import developed, grain
from sandmle_gym.families.image.card import ImageCard, ImageKnobs
from sandmle_gym.families.image.family import Imagined, PictureFamily
from sandmle_gym.families.image.outcomes import pixels
from sandmle_gym.families.image.pages import aged, print_pages
from sandmle_gym.families.image.witness import Tier
from sandmle_gym.families.table import Text
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form

MIDDLE = 6
"""Side of the patch whose clean light is asked for, in pixels."""

REFERENCE = 0.03
"""Standard deviation of the noise of the scanner that read the clean original."""


class PageCard(ImageCard):
    """A card of pages; the target's name begins the names of its columns."""

    target: Text


class PageKnobs(ImageKnobs):
    """A scrap and its middle; `noise` is the depth of stains, a share of the light."""

    target: Text


class ImageRestore(PictureFamily):
    """The oracle is the clean print itself, which only its own scanner's noise separates from the target.

    No program can reach it, for the copier's noise hides a part of the print: it is an upper bound.
    """

    name = "image_restore"
    metrics: ClassVar = dict.fromkeys(("rmse_columns", "mae_columns"), Form.VALUE)
    card = PageCard
    knobs = PageKnobs
    trains = "Undo slow changes of light first, learn a filter on pooled pixels, and respect what ink is."
    factors: ClassVar = {
        "stain": "slow changes of light over the page",
        "fading": "ink that is pale on one page and dark on the next",
        "blur": "every pixel of ink lies on its neighbours, too",
        "fold": "a narrow dark line that is no ink",
    }

    def settle(self, target: Text, rng: np.random.RandomState) -> Text:
        """Leave the target as it is."""
        del rng
        return target

    def roles(self, card: PageCard, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Give none: a page shows no hidden number."""
        del card, rng
        return {}

    def imagine(self, knobs: PageKnobs, key: tuple[Label, ...]) -> Imagined:
        """Print pages and let them age."""
        ink = print_pages(knobs.rows, knobs.side, *key)
        start = (knobs.side - MIDDLE) // 2
        best = 1 - ink[:, start : start + MIDDLE, start : start + MIDDLE].reshape(len(ink), -1)
        best = 0.05 + 0.9 * best
        truth = best + grain(stream(*key, "reference"), best.shape, REFERENCE)
        asked = pixels(_names(knobs), knobs.metric, np.round(np.clip(truth, 0, 1), 3), best)
        pictures = developed(aged(ink, knobs.noise, *key))
        return Imagined(pictures, asked, best.mean(axis=1))

    def tiers(self, knobs: PageKnobs) -> dict[str, Tier]:
        """Fit pixels of the middle, one filter for all, then as ink or paper, then on even pages."""
        del knobs
        grey = "light = grey_light(pictures)\n"
        return {
            "competent": Tier(
                f"{grey}new = direct_pixels(pixel_windows(light, {MIDDLE}, 0), target)\n"
            ),
            "insight": Tier(
                f"{grey}new = filtered_pixels(pixel_windows(light, {MIDDLE}, 1), target)\n"
            ),
            "insights": Tier(
                f"{grey}new = inked_pixels(pixel_windows(light, {MIDDLE}, 2), target)\n"
            ),
            "expert": Tier(
                f"{grey}light = contrasted_light(light)\n"
                f"new = inked_pixels(pixel_windows(light, {MIDDLE}, 2), target)\n"
            ),
        }

    def legend(self, knobs: PageKnobs) -> dict[str, str]:
        """Say which pixel each column is."""
        return {
            name: f"{knobs.target.about}, row {k // MIDDLE}, column {k % MIDDLE} of the middle patch"
            for k, name in enumerate(_names(knobs))
        }


def _names(knobs: PageKnobs) -> list[str]:
    return [
        f"{knobs.target.name}_{row}_{column}" for row in range(MIDDLE) for column in range(MIDDLE)
    ]


FAMILY = ImageRestore()
