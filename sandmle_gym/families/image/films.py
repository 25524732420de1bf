"""Scenes of films: lines laid into a chest-like body, and a bar of bone to judge their place by."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, hill, inside, per_picture

FILM = {
    "haze": "how bright the two dark fields are",
    "depth": "how far below the bar the upright line ends",
    "reach": "how far beyond the spine the lying line ends",
    "bow": "how far the lying line sags between its ends",
}
"""What varies of a film."""


def films(factors: Mapping[str, np.ndarray], size: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw films, light (n, h, w).

    Args:
        factors: The values of `FILM`.
        size: Side of the pictures in pixels.
        rng: Decides where spine and bar lie, how bright lines are, and everything else.
    """
    count = len(factors["haze"])
    rows, columns = grid(size, size)
    spine = size * rng.uniform(0.39, 0.61, size=count)
    bar = size * rng.uniform(0.14, 0.36, size=count)
    light = _body(factors["haze"], (rows, columns), spine, rng)
    light += 0.16 * np.exp(-((rows - per_picture(bar)) ** 2) / (2 * (size / 32) ** 2))
    width = size / 40
    tip = per_picture(bar + size * (0.27 + 0.15 * factors["depth"]))
    upright = inside(width - np.abs(columns - per_picture(spine + _jitter(rng, count))))
    light += per_picture(rng.uniform(0.16, 0.24, size=count)) * upright * inside(tip - rows)
    end = per_picture(spine + size * (0.16 + 0.16 * factors["reach"]))
    share = np.clip(columns / end, 0, 1)
    level = per_picture(size * rng.uniform(0.68, 0.76, size=count))
    sag = per_picture(size * 0.08 * (1 + factors["bow"]))
    lying = inside(width - np.abs(rows - level - 4 * sag * share * (1 - share)))
    light += per_picture(rng.uniform(0.16, 0.24, size=count)) * lying * inside(end - columns)
    return light + grain(rng, light.shape, 0.035)


def _body(
    haze: np.ndarray,
    place: tuple[np.ndarray, np.ndarray],
    spine: np.ndarray,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw two dark fields beside a bright spine, ribs across, uneven exposure."""
    rows, columns = place
    size, count = len(rows), len(haze)
    light = 0.45 + 0.05 * clouds(rng, count, rows.shape, 3)
    for side in (-1, 1):
        middle = per_picture(spine + side * 0.27 * size)
        field = hill((rows - 0.55 * size) / 1.6, columns - middle, size / 8)
        light -= per_picture(0.20 - 0.09 * haze) * field
    ribs = np.cos(2 * np.pi * (rows / (0.16 * size) + per_picture(rng.random_sample(count))))
    light += 0.025 * ribs
    slope = per_picture(rng.uniform(-0.1, 0.1, size=count))
    return light + slope * (columns / size - 0.5)


def _jitter(rng: np.random.RandomState, count: int) -> np.ndarray:
    return rng.uniform(-0.6, 0.6, size=count)
