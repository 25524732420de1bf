"""Scenes of creatures: a body with head, ears and tail, whose genes set colour, shape and stripes."""

from collections.abc import Mapping

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, inside, per_picture, tinted

GENES = {
    "coat": "the colour of the fur",
    "girth": "how long the body is for its height",
    "bars": "how narrow the stripes are",
    "ears": "how long the ears are",
    "tail": "how long the tail is",
}
"""What varies of a creature; most of it between -1 and 1."""


def creatures(
    genes: Mapping[str, np.ndarray], size: int, colours: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Draw one creature a picture, light (n, h, w, 3).

    Args:
        genes: The values of `GENES`.
        size: Side of the pictures in pixels.
        colours: Of the fur at both ends of `coat`, and of the ground, (3, 3).
        rng: Decides place, scale, which way it looks, and the light.
    """
    count = len(genes["coat"])
    rows, columns = grid(size, size)
    scale = size / 40 * rng.uniform(0.92, 1.06, size=count)
    look = np.where(rng.random_sample(count) < 0.5, 1.0, -1.0)
    middle = [size * (at + rng.uniform(-0.05, 0.05, size=count)) for at in (0.62, 0.5)]
    down = (rows - per_picture(middle[0])) / per_picture(scale)
    along = (columns - per_picture(middle[1])) / per_picture(scale * look)
    long, high = 8.5 * np.exp(0.22 * genes["girth"]), 6.3 * np.exp(-0.22 * genes["girth"])
    body = _oval(down, along, (0, 0), (high, long))
    head = (-high - 1.5, 0.62 * long)
    whole = np.maximum(body, _oval(down, along, head, (4.3, 4.3)))
    for side in (-2.3, 2.3):
        length = 3.2 + 2.0 * genes["ears"]
        ear = (head[0] - 3.6 - length / 2, head[1] + side)
        whole = np.maximum(whole, _bar(down, along, ear, (length / 2 + 0.8, 1.0)))
    length = 4.5 + 3.0 * genes["tail"]
    tail = (0.3 * high, -long - length / 2 + 1)
    whole = np.maximum(whole, _bar(down, along, tail, (1.0, length / 2 + 0.8)))
    pitch = per_picture(2 * np.pi * (0.19 + 0.06 * genes["bars"]))
    phase = per_picture(rng.uniform(0, 2 * np.pi, size=count))
    shade = 1 + 0.16 * body * np.cos(pitch * along + phase)
    share = per_picture(0.5 + 0.3 * genes["coat"])[..., None]
    fur = (1 - share) * colours[0] + share * colours[1]
    ground = tinted(1 + 0.18 * clouds(rng, count, (size, size), 4), colours[2])
    pictures = ground + whole[..., None] * (shade[..., None] * fur - ground)
    pictures *= rng.uniform(0.85, 1.1, size=count)[:, None, None, None]
    return pictures + grain(rng, pictures.shape, 0.03)


def _oval(
    down: np.ndarray, along: np.ndarray, centre: tuple, half: tuple[np.ndarray | float, ...]
) -> np.ndarray:
    place = [axis - _spread(at) for axis, at in zip((down, along), centre, strict=True)]
    axes = [_spread(axis) for axis in half]
    return inside((1 - np.hypot(place[0] / axes[0], place[1] / axes[1])) * np.minimum(*axes))


def _bar(
    down: np.ndarray, along: np.ndarray, centre: tuple, half: tuple[np.ndarray | float, ...]
) -> np.ndarray:
    place = [axis - _spread(at) for axis, at in zip((down, along), centre, strict=True)]
    depth = [_spread(axis) - np.abs(at) for axis, at in zip(half, place, strict=True)]
    return inside(np.minimum(*depth))


def _spread(value: np.ndarray | float) -> np.ndarray:
    return per_picture(np.atleast_1d(value))
