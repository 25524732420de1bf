"""Pictures of a few oval things on uneven ground, among crumbs; and the box round each."""

from typing import NamedTuple

import numpy as np

from sandmle_gym.families.image.blobs import ground
from sandmle_gym.families.image.canvas import (
    developed,
    grain,
    grid,
    inside,
    per_picture,
    shuffled,
    stamp,
)
from sandmle_gym.seeding import Label, stream

FEWEST, MOST = 1, 4
"""Things on a picture."""

CRUMBS = 5

PLACES = 3
"""Along each side, in which things are laid so that none touches another."""


class Specimens(NamedTuple):
    """Pictures, uint8 (n, h, w), and what is on them."""

    pictures: np.ndarray
    boxes: np.ndarray
    """float (n, MOST, 4): x, y, width and height, rounded."""
    there: np.ndarray
    """bool (n, MOST): which of them there are."""


def draw_specimens(
    count: int, side: int, contrast: float, noise: float, unevenness: float, *key: Label
) -> Specimens:
    """Draw pictures; see `blobs.draw_patches` for the arguments."""
    rng = stream(*key, "specimens")
    rows, columns = grid(side, side)
    there = np.arange(MOST) < rng.randint(FEWEST, MOST + 1, size=count)[:, None]
    order = shuffled(rng, count, PLACES**2)
    step = side / PLACES
    cover = np.zeros((count, side, side))
    boxes = np.zeros((count, MOST, 4))
    for k in range(MOST):
        middle = [
            step * (place + rng.uniform(0.42, 0.58, size=count))
            for place in np.divmod(order[:, k], PLACES)
        ]
        half = step * rng.uniform(0.2, 0.36, size=(2, count))
        box = np.round(
            np.stack([middle[1] - half[1], middle[0] - half[0], 2 * half[1], 2 * half[0]], axis=1),
            1,
        )
        boxes[:, k] = box
        right, down = (
            (axis + 0.5 - per_picture(box[:, at] + box[:, at + 2] / 2))
            / per_picture(box[:, at + 2] / 2)
            for axis, at in ((columns, 0), (rows, 1))
        )
        depth = (1 - np.hypot(right, down)) * per_picture(np.sqrt(box[:, 2] * box[:, 3]) / 2)
        strong = there[:, k] * rng.uniform(0.8, 1.2, size=count)
        cover = np.maximum(cover, per_picture(strong) * inside(depth))
    for _ in range(CRUMBS):
        place = tuple(side * rng.uniform(0.03, 0.97, size=(2, count)))
        stamp(cover, place, rng.uniform(0.7, 1.3, size=count), np.ones(count))
    light = 0.45 * np.exp(ground(rng, count, side, unevenness) + contrast * cover)
    return Specimens(developed(light + grain(rng, light.shape, noise)), boxes, there)


def box_cells(boxes: np.ndarray, there: np.ndarray) -> list[str]:
    """Write the boxes of every picture, each with the score 1."""
    return [
        " ".join(f"1 {x:.1f} {y:.1f} {w:.1f} {h:.1f}" for x, y, w, h in row[known].tolist())
        for row, known in zip(boxes, there, strict=True)
    ]
