"""Pictures of one oval patch on uneven ground, among specks, with a hollow inside; and its mask."""

from typing import NamedTuple

import numpy as np

from sandmle_gym.families.image.canvas import (
    clouds,
    developed,
    grain,
    grid,
    inside,
    per_picture,
    stamp,
)
from sandmle_gym.seeding import Label, stream

SPECKS = 8
"""Small round marks on every picture, as strong as the patch."""


class Patches(NamedTuple):
    """Pictures, uint8 (n, h, w), and which pixels belong to the patch, bool (n, h, w)."""

    pictures: np.ndarray
    masks: np.ndarray


def draw_patches(
    count: int, side: int, contrast: float, noise: float, unevenness: float, *key: Label
) -> Patches:
    """Draw pictures.

    Args:
        count: How many.
        side: Their side in pixels.
        contrast: Mean logarithm of the light of a patch over that of the ground; negative for dark ones.
        noise: Standard deviation of the light of a pixel.
        unevenness: How much the logarithm of the light of the ground varies over a picture.
        key: Names the stream.
    """
    rng = stream(*key, "patches")
    rows, columns = grid(side, side)
    radius = side * rng.uniform(0.14, 0.23, size=(2, count))
    turn = rng.uniform(0, np.pi, size=count)
    middle = side * rng.uniform(0.24, 0.76, size=(2, count))
    down, right = rows - per_picture(middle[0]), columns - per_picture(middle[1])
    along = down * per_picture(np.cos(turn)) + right * per_picture(np.sin(turn))
    across = right * per_picture(np.cos(turn)) - down * per_picture(np.sin(turn))
    away = np.hypot(along / per_picture(radius[0]), across / per_picture(radius[1]))
    masks = np.round(away, 6) <= 1
    cover = inside((1 - away) * per_picture(np.sqrt(radius[0] * radius[1])))
    hollow = rng.uniform(-0.25, 0.25, size=(2, count)) * radius.min(axis=0)
    from_hollow = np.hypot(down - per_picture(hollow[0]), right - per_picture(hollow[1]))
    cover *= 1 - inside(per_picture(0.4 * radius.min(axis=0)) - from_hollow)
    for _ in range(SPECKS):
        place = tuple(side * rng.uniform(0.04, 0.96, size=(2, count)))
        stamp(cover, place, rng.uniform(0.8, 1.7, size=count), np.ones(count))
    strength = contrast * rng.uniform(0.75, 1.25, size=count)
    level = ground(rng, count, side, unevenness)
    light = 0.32 * np.exp(level + per_picture(strength) * cover)
    return Patches(developed(light + grain(rng, light.shape, noise)), masks)


def ground(rng: np.random.RandomState, count: int, side: int, unevenness: float) -> np.ndarray:
    """Draw the logarithm of the light of the ground: a slope, a bow, and faint clouds."""
    rows, columns = (axis / (side - 1) * 2 - 1 for axis in grid(side, side))
    turn = rng.uniform(0, 2 * np.pi, size=count)
    slope = per_picture(np.cos(turn)) * rows + per_picture(np.sin(turn)) * columns
    bow = per_picture(rng.uniform(-1, 1, size=count)) * (rows**2 + columns**2 - 2 / 3)
    return unevenness * (slope + 0.6 * bow) + 0.03 * clouds(rng, count, (side, side), 5)


def run_lengths(mask: np.ndarray) -> str:
    """Write a mask, bool (h, w), as `Form.MASK` has it."""
    steps = np.diff(mask.T.ravel().astype(int), prepend=0, append=0)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return " ".join(
        f"{start + 1} {end - start}"
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    )
