"""Scenes of outlines: one flat shape a picture, turned and scaled at will."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, hill, inside, per_picture

OUTLINE = {
    "core": "how dark the middle of the shape is",
    "stretch": "how long the shape is for its width",
    "lobes": "how deeply the outline is cut into three lobes",
    "fringe": "how strongly the outline is toothed",
    "veil": "how much darker one side of the shape is than the other",
}
"""What varies of a shape."""

WAVES = {"stretch": 2, "lobes": 3, "fringe": 7}
"""Waves of the radius around the outline; no two of them add up to, or differ by, a third."""

HEIGHTS = {"stretch": 0.15, "lobes": 0.13, "fringe": 0.08}
"""Mean height of each wave, as a share of the radius."""


def outlines(
    factors: Mapping[str, np.ndarray], size: int, rng: np.random.RandomState
) -> np.ndarray:
    """Draw shapes, light (n, h, w).

    Args:
        factors: The values of `OUTLINE`.
        size: Side of the pictures in pixels.
        rng: Decides place, scale, the turn of every wave, and the background.
    """
    count = len(factors["core"])
    rows, columns = grid(size, size)
    centre = [size / 2 - 0.5 + size * rng.uniform(-0.06, 0.06, size=count) for _ in range(2)]
    down, right = (axis - per_picture(at) for axis, at in zip((rows, columns), centre, strict=True))
    radius = np.ones((count, size, size))
    turn = np.arctan2(down, right)
    for name, waves in WAVES.items():
        height = HEIGHTS[name] * (1 + 0.95 * factors[name])
        phase = rng.uniform(0, 2 * np.pi, size=count)
        radius += per_picture(height) * np.cos(waves * turn + per_picture(phase))
    scale = per_picture(size * rng.uniform(0.26, 0.34, size=count))
    away = np.hypot(down, right)
    cover = inside(radius * scale - away)
    shade = 0.75 + 0.04 * clouds(rng, count, (size, size), 4)
    shade -= per_picture(0.16 * (1 + factors["core"])) * hill(down, right, 0.4 * scale)
    light_from = per_picture(rng.uniform(0, 2 * np.pi, size=count))
    side = (np.cos(light_from) * right + np.sin(light_from) * down) / scale
    shade += per_picture(0.08 * (1 + factors["veil"])) * side
    ground = 0.36 + 0.06 * clouds(rng, count, (size, size), 3)
    light = ground + cover * (shade - ground)
    light *= per_picture(rng.uniform(0.92, 1.04, size=count))
    return light + grain(rng, light.shape, 0.03)
