"""What the witness programs of tables with pictures and maps are made of; read as text, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from PIL import Image


def great_circle(lat1, lon1, lat2, lon2):
    """Return the distance of places in degrees, in kilometres."""
    a, b, c, d = (np.radians(values) for values in (lat1, lon1, lat2, lon2))
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(half))


def read_photographs(paths):
    """Return all pictures as one array (n, height, width, 3)."""
    return np.stack([np.asarray(Image.open(path), dtype=float) for path in paths])


def blemish(photographs):
    """Return the width of what is darker than the ground of its picture, and its tint against it."""
    grey = photographs.mean(axis=3)
    ground = np.percentile(grey, 70, axis=(1, 2), keepdims=True)
    spot = grey < ground - 28
    size = np.maximum(spot.sum(axis=(1, 2)), 1)
    warmth = photographs[..., 0] - photographs[..., 2]
    inside = (warmth * spot).sum(axis=(1, 2)) / size
    outside = (warmth * ~spot).sum(axis=(1, 2)) / np.maximum((~spot).sum(axis=(1, 2)), 1)
    return np.sqrt(size), inside - outside
