"""Functions of witness programs for outlines and creatures: one object cut out and measured."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from scipy import ndimage

IN_PLANE = np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))])


def object_mask(light):
    """Return where the one bright object of each picture is, (n, h, w)."""
    soft = ndimage.gaussian_filter(light, (0, 0.8, 0.8))
    flat = np.sort(soft.reshape(len(light), -1), axis=1)
    below = np.cumsum(flat, axis=1)
    counts = np.arange(1, flat.shape[1] + 1)
    low, high = below / counts, (below[:, -1:] - below) / np.maximum(counts[-1] - counts, 1)
    between = counts * (counts[-1] - counts) * (high - low) ** 2  # Otsu 1979
    level = flat[np.arange(len(flat)), between.argmax(axis=1)][:, None, None]
    return ndimage.binary_fill_holes(largest_part(soft > level), IN_PLANE)


def largest_part(mask):
    """Return the largest connected part of each picture's mask."""
    parts = np.zeros(mask.shape, dtype=int)
    ndimage.label(mask, IN_PLANE, output=parts)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    flat = parts.reshape(len(parts), -1)
    best = flat[np.arange(len(flat)), sizes[flat].argmax(axis=1)]
    return parts == best[:, None, None]


def polar_pixels(mask):
    """Return the distance and the direction of every pixel from the middle of the object."""
    rows, columns = np.mgrid[: mask.shape[1], : mask.shape[2]]
    area = mask.sum(axis=(1, 2))
    middle = [(mask * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    down, right = rows - middle[0][:, None, None], columns - middle[1][:, None, None]
    return np.hypot(down, right), np.arctan2(down, right)


def outline_wave(mask, polar, waves):
    """Return how strongly the radius of the object waves, from the area that it covers in each direction."""
    parts = [(mask * wave(waves * polar[1])).sum(axis=(1, 2)) for wave in (np.cos, np.sin)]
    return np.hypot(*parts) / mask.sum(axis=(1, 2))


def dark_core(light, mask, polar):
    """Return how dark the middle of the object is beside the rest of it, as a log ratio."""
    radius = np.sqrt(mask.sum(axis=(1, 2)) / np.pi)[:, None, None]
    parts = [mask & (polar[0] < 0.3 * radius), mask & (polar[0] > 0.5 * radius)]
    inner, outer = (
        (light * part).sum(axis=(1, 2)) / (part.sum(axis=(1, 2)) + 1e-3) for part in parts
    )
    return np.log((inner + 0.01) / (outer + 0.01))


def light_slope(light, mask, polar):
    """Return how strongly light falls off across the object, in any direction, by least squares."""
    size = np.sqrt(mask.sum(axis=(1, 2)))[:, None, None]
    axes = [polar[0] / size * wave(polar[1]) * mask for wave in (np.cos, np.sin)]
    design = np.stack([mask / 1.0, *axes], axis=-1).reshape(len(light), -1, 3)
    level = (light * mask).reshape(len(light), -1)
    gram = np.einsum("npi,npj->nij", design, design) + 1e-6 * np.eye(3)
    slopes = np.linalg.solve(gram, np.einsum("npi,np->ni", design, level)[..., None])[..., 0]
    return np.hypot(slopes[:, 1], slopes[:, 2]) / (slopes[:, 0] + 0.01)


def trunk_mask(mask):
    """Return the thick part of an object: without ears, tails and whatever else is narrow."""
    return largest_part(ndimage.binary_opening(mask, np.ones((1, 4, 4))))


def limb_areas(mask, trunk):
    """Return the roots of the areas of narrow parts above the trunk's upper third, and of those below it."""
    rows = np.arange(mask.shape[1])[None, :, None]
    weight = trunk.sum(axis=(1, 2))
    middle = (trunk * rows).sum(axis=(1, 2)) / weight
    near = ndimage.binary_dilation(trunk, np.ones((1, 2, 2)))
    narrow = mask & np.logical_not(near)
    upper = rows < middle[:, None, None]
    areas = [(narrow & part).sum(axis=(1, 2)) / weight for part in (upper, ~upper)]
    return np.column_stack([np.sqrt(areas[0]), areas[0], areas[1]])


def trunk_proportion(trunk):
    """Return the log ratio of width and height of an object's lower part, from its second moments."""
    rows = np.arange(trunk.shape[1])[None, :, None]
    middle = (trunk * rows).sum(axis=(1, 2)) / trunk.sum(axis=(1, 2))
    low = trunk & (rows > middle[:, None, None])
    return np.log(low.any(axis=1).sum(axis=1) / (low.any(axis=2).sum(axis=1) + 1e-3))


def coat_colour(pictures, trunk):
    """Return log ratios of the channels over an object."""
    light = (pictures * trunk[..., None]).sum(axis=(1, 2)) / trunk.sum(axis=(1, 2))[:, None]
    return np.log(light[:, :2] / light[:, 1:])


def stripe_pitch(light, trunk):
    """Return the frequency of upright stripes on an object: of all waves, the one that fits best."""
    columns = np.arange(light.shape[2])
    weight = trunk.sum(axis=1).astype(float)
    profile = (light * trunk).sum(axis=1) / np.maximum(weight, 1)
    mean = (weight * profile).sum(axis=1) / weight.sum(axis=1)
    wave = np.sqrt(weight) * (profile - mean[:, None]) * (weight > 3)
    pitches = np.linspace(0.1, 0.3, 41)
    power = np.abs(wave @ np.exp(-2j * np.pi * columns[:, None] * pitches))
    return pitches[power.argmax(axis=1)]
