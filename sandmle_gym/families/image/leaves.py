"""Scenes of leaves: one leaf a picture on a grey card, under any lamp, with two kinds of spots."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import (
    clouds,
    grain,
    grid,
    inside,
    per_picture,
    shuffled,
    stamp,
    tinted,
)

LEAF = {
    "fade": "how yellow the leaf is under white light",
    "wilt": "how narrow the leaf is for its length",
    "rust": "the number of spots of one colour",
    "scab": "the number of spots of another colour",
    "girth": "the size of spots of either kind",
}
"""What varies of a leaf."""

PLACES = 36
"""Places for spots along a sunflower's spiral; half as many of either kind at most."""

GOLDEN = 2.399963
"""The angle of the spiral, in radians."""


def leaves(
    factors: Mapping[str, np.ndarray], size: int, colours: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Draw leaves, light (n, h, w, 3).

    Args:
        factors: The values of `LEAF`.
        size: Side of the pictures in pixels.
        colours: Of the leaf, and what spots of both kinds let through of it, (3, 3).
        rng: Decides place, turn, scale, the colour of the lamp and the places of spots.
    """
    count = len(factors["fade"])
    rows, columns = grid(size, size)
    centre = [size / 2 - 0.5 + size * rng.uniform(-0.04, 0.04, size=count) for _ in range(2)]
    down, right = (axis - per_picture(at) for axis, at in zip((rows, columns), centre, strict=True))
    angle = rng.uniform(0, np.pi, size=count)
    cosine, sine = np.cos(angle), np.sin(angle)
    along = per_picture(cosine) * right + per_picture(sine) * down
    across = per_picture(cosine) * down - per_picture(sine) * right
    length = size * rng.uniform(0.40, 0.46, size=count)
    width = length * 0.62 * np.exp(-0.16 * factors["wilt"])
    span = np.hypot(along / per_picture(length), across / per_picture(width))
    leaf = inside((1 - span) * per_picture(width))
    light = 1 + 0.07 * clouds(rng, count, (size, size), 4)
    light -= 0.12 * inside(0.8 - np.abs(across))
    hue = np.exp(0.18 * factors["fade"])
    pictures = np.ones((count, size, size, 3))
    axes = (length * cosine, length * sine, -width * sine, width * cosine)
    spotted(pictures, factors, colours[1:], (*centre, *axes), rng)
    pictures *= tinted(light, colours[0] * np.stack([hue, np.ones(count), 1 / hue], axis=1))
    card = tinted(0.62 + 0.02 * clouds(rng, count, (size, size), 3), np.ones(3))
    pictures = card + leaf[..., None] * (pictures - card)
    lamp = np.exp(0.2 * rng.normal(size=(count, 3)))
    pictures *= lamp[:, None, None]
    return pictures + grain(rng, pictures.shape, 0.02)


def spotted(
    pictures: np.ndarray,
    factors: Mapping[str, np.ndarray],
    inks: np.ndarray,
    leaf: tuple[np.ndarray, ...],
    rng: np.random.RandomState,
) -> None:
    """Strew spots over leaves, in place; no two of them overlap.

    Args:
        pictures: float (n, h, w, 3), all ones.
        factors: `rust` and `scab` set the numbers, `girth` the size.
        inks: What both let through, (2, 3).
        leaf: Row and column of the middle, then column and row of the long half axis and of the
            short one, (n,) each.
        rng: Decides which places are taken.
    """
    count = len(pictures)
    row, column, long_x, long_y, short_x, short_y = leaf
    order = shuffled(rng, count, PLACES)
    full = pictures.shape[1] / 30 * np.exp(0.2 * factors["girth"])
    for side, factor, ink in ((1, "rust", inks[0]), (-1, "scab", inks[1])):
        wanted = 6 * np.exp(0.8 * factors[factor])
        for k in range(PLACES // 2):
            place = order[:, k] if side > 0 else order[:, PLACES - 1 - k]
            far = 0.82 * np.sqrt((place + 0.5) / PLACES)
            x, y = far * np.cos(GOLDEN * place), far * np.sin(GOLDEN * place)
            at = (row + x * long_y + y * short_y, column + x * long_x + y * short_x)
            stamp(pictures, at, full * np.sqrt(np.clip(wanted - k, 0, 1)), np.tile(ink, (count, 1)))
