"""Scenes of texture: a rippled patch somewhere on cluttered ground."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, hill, per_picture

RIPPLED = {
    "relief": "the contrast of the ripples",
    "pitch": "how fine the ripples are",
    "lay": "the direction of the ripples, around an upright that the task does not tell",
    "span": "how far the rippled patch reaches",
    "ridge": "crests narrower than troughs, or the other way round",
}
"""What varies of a rippled patch."""


def rippled(
    factors: Mapping[str, np.ndarray], size: int, direction: float, rng: np.random.RandomState
) -> np.ndarray:
    """Draw rippled patches at random places, light (n, h, w).

    Args:
        factors: The values of `RIPPLED`.
        size: Side of the pictures in pixels.
        direction: Mean direction of the waves, in radians.
        rng: Decides place, phase and clutter.
    """
    count = len(factors["relief"])
    rows, columns = grid(size, size)
    place = [size * rng.uniform(0.36, 0.64, size=count) for _ in range(2)]
    down, right = (axis - per_picture(at) for axis, at in zip((rows, columns), place, strict=True))
    window = hill(down, right, per_picture(size / 5.8 * np.exp(0.28 * factors["span"])))
    angle = per_picture(direction + 0.45 * factors["lay"])
    pitch = per_picture(2 * np.pi * (0.2 + 0.05 * factors["pitch"]))
    phase = pitch * (np.cos(angle) * right + np.sin(angle) * down)
    phase = phase + per_picture(rng.uniform(0, 2 * np.pi, size=count))
    height = per_picture(0.16 * np.exp(0.55 * factors["relief"]))
    wave = np.cos(phase) + per_picture(0.6 * factors["ridge"]) * np.cos(2 * phase)
    light = 0.5 + 0.06 * clouds(rng, count, (size, size), 4)
    light = light + window * height * wave
    return light + grain(rng, light.shape, 0.05)
