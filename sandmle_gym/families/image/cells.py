"""Scenes of stained tissue: cells all over the picture, of which only those in the middle matter."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, shuffled, stamp, tinted

TISSUE = {
    "wash": "the hue of the whole picture",
    "crowd": "the number of cells in the middle third",
    "girth": "the size of cells in the middle third",
    "stain": "how dark cells are in the middle third",
}
"""What varies; all other parts of a picture have crowds, girths and stains of their own."""

SIDE = 4
"""Places along a third of the side."""

MOST = 9
"""Cells in a ninth of the picture, at most; the other places are for crumbs."""


def tissue(
    factors: Mapping[str, np.ndarray], size: int, colours: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Draw slides, light (n, h, w, 3).

    Args:
        factors: The values of `TISSUE`.
        size: Side of the pictures in pixels.
        colours: Of the ground, and what cells and crumbs let through of it, (3, 3).
        rng: Decides everything else; eight of nine parts of a picture have numbers of their own.
    """
    count = len(factors["wash"])
    pictures = np.ones((count, size, size, 3))
    for part in range(9):
        own = {name: rng.uniform(-1, 1, size=count) for name in ("crowd", "girth", "stain")}
        of = factors if part == 4 else own
        corner = (size / 3 * (part // 3), size / 3 * (part % 3))
        sown(pictures, of, corner, colours[1:], rng)
    hue = np.exp(0.10 * factors["wash"])
    ground = colours[0] * np.stack([hue, np.ones(count), 1 / hue], axis=1)
    pictures *= tinted(0.92 + 0.03 * clouds(rng, count, (size, size), 5), ground)
    return pictures + grain(rng, pictures.shape, 0.03)


def sown(
    pictures: np.ndarray,
    factors: Mapping[str, np.ndarray],
    corner: tuple[float, float],
    inks: np.ndarray,
    rng: np.random.RandomState,
) -> None:
    """Strew cells, and crumbs that mean nothing, over a ninth of every picture, in place."""
    count, size = len(pictures), pictures.shape[1]
    order = shuffled(rng, count, SIDE**2)
    cells = 0.5 * MOST * np.exp(0.6 * factors["crowd"])
    crumbs = (SIDE**2 - MOST) * rng.random_sample(count)
    radius = size / 29 * np.exp(0.34 * factors["girth"])
    crumb = size / 30 * np.exp(rng.uniform(-0.34, 0.34, size=count))
    for k in range(SIDE**2):
        row, column = np.divmod(order[:, k], SIDE)
        step = size / (3 * SIDE)
        at = tuple(
            origin + step * (axis + rng.uniform(0.3, 0.7, size=count))
            for origin, axis in zip(corner, (row, column), strict=True)
        )
        if k < MOST:
            share, ink = (
                np.clip(cells - k, 0, 1),
                inks[0] * np.exp(-0.25 * factors["stain"])[:, None],
            )
            stamp(pictures, at, radius * np.sqrt(share), ink)
        else:
            share = np.clip(crumbs - (k - MOST), 0, 1)
            stamp(pictures, at, crumb * np.sqrt(share), np.tile(inks[1], (count, 1)))
