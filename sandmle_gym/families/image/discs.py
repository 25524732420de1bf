"""Scenes of discs: a round object on a dark table, with a rim and two kinds of specks."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import (
    clouds,
    grain,
    grid,
    hill,
    inside,
    per_picture,
    shuffled,
    stamp,
    tinted,
)

DISC = {
    "tint": "the hue of the disc",
    "rim": "how bright the belt along the edge is beside the middle",
    "pits": "the number of specks of one colour",
    "flecks": "the number of specks of another colour",
    "scatter": "how far out the specks of the first colour lie",
}
"""What varies of a disc."""

PLACES = 40
"""Places for specks along a sunflower's spiral; half as many of either kind at most."""

GOLDEN = 2.399963
"""The angle of the spiral, in radians."""


def discs(
    factors: Mapping[str, np.ndarray], size: int, colours: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Draw one disc a picture, light (n, h, w, 3); where it lies and how large it is says nothing.

    Args:
        factors: The values of `DISC`.
        size: Side of the pictures in pixels.
        colours: Of the disc, and what pits and flecks let through of it, (3, 3).
        rng: Decides place, size, exposure, lamp light and the places of specks.
    """
    count = len(factors["tint"])
    rows, columns = grid(size, size)
    radius = size * rng.uniform(0.36, 0.46, size=count)
    row, column = (size / 2 - 0.5 + size * rng.uniform(-0.04, 0.04, size=count) for _ in range(2))
    away = np.hypot(rows - per_picture(row), columns - per_picture(column))
    depth = per_picture(radius) - away
    light = 1 + 0.08 * clouds(rng, count, (size, size), 3) + lamps(rng, count, size)
    belt = inside(0.17 * per_picture(radius) - depth, 1.0)
    light = light + per_picture(0.22 * factors["rim"]) * belt
    hue = np.exp(0.20 * factors["tint"])
    ground = colours[0] * np.stack([hue, np.ones(count), 1 / hue], axis=1)
    pictures = np.ones((count, size, size, 3))
    specked(pictures, factors, colours[1:], (row, column, radius), rng)
    pictures *= tinted(light, ground)
    pictures *= inside(depth)[..., None]
    pictures += 0.06 * (1 - inside(depth))[..., None]
    pictures *= rng.uniform(0.7, 1.0, size=count)[:, None, None, None]
    return pictures + grain(rng, pictures.shape, 0.025)


def lamps(rng: np.random.RandomState, count: int, size: int) -> np.ndarray:
    """Draw two broad patches of lamp light or shadow a picture, (n, h, w); they mean nothing."""
    rows, columns = grid(size, size)
    light = np.zeros((count, size, size))
    for _ in range(2):
        centre = [per_picture(size * rng.uniform(0.2, 0.8, size=count)) for _ in range(2)]
        strength = per_picture(rng.uniform(-0.3, 0.3, size=count))
        light += strength * hill(rows - centre[0], columns - centre[1], size / 7)
    return light


def specked(
    pictures: np.ndarray,
    factors: Mapping[str, np.ndarray],
    inks: np.ndarray,
    disc: tuple[np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.RandomState,
) -> None:
    """Strew pits and flecks over discs, in place; no two of them overlap.

    Args:
        pictures: float (n, h, w, 3), all ones.
        factors: `pits` and `flecks` set the numbers, `scatter` how far out the pits lie.
        inks: What both let through, (2, 3).
        disc: Row, column and radius of the discs, (n,) each.
        rng: Decides which places are taken.
    """
    count = len(pictures)
    row, column, radius = disc
    pull = 2.2 * factors["scatter"][:, None] * np.linspace(-0.5, 0.5, PLACES)
    order = shuffled(rng, count, PLACES, pull)
    start = rng.uniform(0, 2 * np.pi, size=count)
    full = radius / 13 * rng.uniform(0.85, 1.15, size=count)
    for sign, factor, ink in ((1, "pits", inks[0]), (-1, "flecks", inks[1])):
        wanted = 7 * np.exp(0.7 * factors[factor])
        for k in range(PLACES // 2):
            place = order[:, k if sign > 0 else PLACES - 1 - k]
            far = 0.84 * radius * np.sqrt((place + 0.5) / PLACES)
            turn = start + GOLDEN * place
            size = np.sqrt(np.clip(wanted - k, 0, 1)) * full
            at = (row + far * np.sin(turn), column + far * np.cos(turn))
            stamp(pictures, at, size, np.tile(ink, (count, 1)))
