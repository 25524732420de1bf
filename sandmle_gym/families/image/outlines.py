"""Scenes of outlines: one flat shape a picture, turned and scaled at will."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, inside, per_picture

OUTLINE = ("tone", "stretch", "lobes", "notches", "fringe")
"""What varies of a shape: how bright it is, and how strongly its radius waves, from coarse to fine."""

WAVES = {"stretch": 2, "lobes": 3, "notches": 5, "fringe": 8}
"""Waves of the radius around the outline."""

HEIGHT = 0.11
"""Mean height of a wave, as a share of the radius."""


def outlines(
    factors: Mapping[str, np.ndarray], size: int, rng: np.random.RandomState
) -> np.ndarray:
    """Draw shapes, light (n, h, w).

    Args:
        factors: The values of `OUTLINE`.
        size: Side of the pictures in pixels.
        rng: Decides place, scale, the turn of every wave, and the background.
    """
    count = len(factors["tone"])
    rows, columns = grid(size, size)
    centre = [size / 2 - 0.5 + size * rng.uniform(-0.06, 0.06, size=count) for _ in range(2)]
    down, right = (
        axis - per_picture(at) for axis, at in zip((rows, columns), centre, strict=True)
    )
    radius = np.ones((count, size, size))
    turn = np.arctan2(down, right)
    for name, waves in WAVES.items():
        height = HEIGHT * (1 + 0.95 * factors[name])
        phase = rng.uniform(0, 2 * np.pi, size=count)
        radius += per_picture(height) * np.cos(waves * turn + per_picture(phase))
    radius *= per_picture(size * rng.uniform(0.22, 0.32, size=count))
    cover = inside(radius - np.hypot(down, right))
    ground = 0.42 + 0.05 * clouds(rng, count, (size, size), 3)
    shade = 0.66 + 0.06 * clouds(rng, count, (size, size), 4) + per_picture(0.07 * factors["tone"])
    light = ground + cover * (shade - ground)
    light *= per_picture(rng.uniform(0.85, 1.15, size=count))
    return light + grain(rng, light.shape, 0.04)
