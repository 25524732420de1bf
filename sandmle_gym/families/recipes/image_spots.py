"""Functions of witness programs for discs, leaves and tissue: inks told apart by colour, spots counted."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from scipy import ndimage


def blurred_light(light, radius):
    """Return light under a Gaussian blur."""
    return ndimage.gaussian_filter(light, (0, radius, radius), mode="nearest")


def unmixed_inks(shares, first, second):
    """Return the amounts of two inks that let through these shares of the light (Beer and Lambert)."""
    amounts = np.log(shares.clip(0.02, 2)) @ np.linalg.pinv(np.log([first, second]))
    return amounts.transpose(3, 0, 1, 2)


def ink_peaks(ink, level):
    """Return where an ink has a local maximum above a level."""
    return (ink == ndimage.maximum_filter(ink, (1, 3, 3))) & (ink > level)


def own_colour(pictures, inner):
    """Return the colour of an object, (n, 3): what is common within it, whatever lies on it."""
    flat = np.where(inner, pictures, -1.0).reshape(len(pictures), -1, 3)
    ordered = np.sort(flat, axis=1)
    size = inner.sum(axis=(1, 2, 3))
    place = flat.shape[1] - 1 - (0.42 * size).astype(int)
    return ordered[np.arange(len(flat)), place].clip(0.02)


def largest_disc(light):
    """Return where each picture shows its disc (n, h, w), and the disc's centre and radius."""
    n, h, w = light.shape
    soft = blurred_light(light, 1.0)
    low, high = np.quantile(soft.reshape(n, -1), [0.03, 0.8], axis=1)
    mask = soft > (0.6 * low + 0.4 * high)[:, None, None]
    rows, columns = np.mgrid[:h, :w]
    area = mask.sum(axis=(1, 2))
    centre = [(mask * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    radius = np.sqrt(area / np.pi)
    away = np.hypot(rows - centre[0][:, None, None], columns - centre[1][:, None, None])
    return away / radius[:, None, None]


def disc_stains(pictures, away, first, second):
    """Return how much of two inks each pixel of a disc holds, from their colours beside the disc's own."""
    inner = (away < 0.9)[..., None]
    ground = own_colour(pictures, inner)
    filled = np.where(inner, pictures, ground[:, None, None])
    soft = ndimage.gaussian_filter(filled, (0, 0.7, 0.7, 0))
    return unmixed_inks(soft / ground[:, None, None], first, second)


def speck_measures(ink, away):
    """Measure specks of one ink: the log of their number, and how far out they lie."""
    spots = ink_peaks(ink, 0.3) & (away < 0.95)
    count = spots.sum(axis=(1, 2))
    return np.column_stack([np.log(count + 1), (spots * away**2).sum(axis=(1, 2)) / (count + 1)])


def disc_rim(light, away):
    """Return how much the disc's outer belt differs from the belt inside it."""
    belts = [(away > a) & (away < b) for a, b in ((0.86, 0.97), (0.62, 0.8))]
    outer, inner = ((light * belt).sum(axis=(1, 2)) / belt.sum(axis=(1, 2)) for belt in belts)
    return outer - inner


def disc_tint(pictures, away, first=0, second=2):
    """Return the log ratio of two channels over the disc."""
    disc = (away < 0.9)[..., None]
    light = (pictures * disc).sum(axis=(1, 2)) / disc.sum(axis=(1, 2))
    return np.log(light[:, first] / light[:, second])


def middle_third(pictures):
    """Return the central third of every picture."""
    h, w = pictures.shape[1:3]
    return pictures[:, h // 3 : h - h // 3, w // 3 : w - w // 3]


def median_hue(pictures):
    """Return the log ratio of the medians of red and blue."""
    flat = np.median(pictures.reshape(len(pictures), -1, 3), axis=1)
    return np.log(flat[:, 0] / flat[:, 2])


def tissue_stains(pictures, first, second):
    """Return how much of two stains each pixel holds, from what they let through of the ground's colour."""
    ground = np.quantile(pictures.reshape(len(pictures), -1, 3), 0.8, axis=1)[:, None, None]
    soft = ndimage.gaussian_filter(pictures, (0, 0.5, 0.5, 0))
    return unmixed_inks(soft / ground, first, second)


def cell_measures(stain):
    """Measure cells: the log of their number, of the area of one, and their mean depth of stain."""
    spots = ink_peaks(ndimage.gaussian_filter(stain, (0, 0.5, 0.5)), 0.35)
    count = spots.sum(axis=(1, 2)) + 0.5
    area = np.clip(2 * stain - 0.4, 0, 1).sum(axis=(1, 2)) + 0.5
    depth = (stain * spots).sum(axis=(1, 2)) / count
    return np.column_stack([np.log(count), np.log(area / count), depth])


def balanced_pictures(pictures):
    """Return pictures as under white light: each channel divided by the grey card in the corners."""
    h, w = pictures.shape[1] // 6, pictures.shape[2] // 6
    corners = [
        pictures[:, a, b] for a in (slice(h), slice(-h, None)) for b in (slice(w), slice(-w, None))
    ]
    card = np.median(np.concatenate(corners, axis=1).reshape(len(pictures), -1, 3), axis=1)
    return 0.6 * pictures / card[:, None, None]


def leaf_mask(pictures):
    """Return which pixels are leaf: coloured, where the card is grey."""
    chroma = pictures.max(axis=3) - pictures.min(axis=3)
    soft = ndimage.gaussian_filter(chroma, (0, 0.8, 0.8))
    return soft > 0.5 * np.quantile(soft.reshape(len(soft), -1), 0.75, axis=1)[:, None, None]


def leaf_spots(pictures, mask, first, second):
    """Measure a leaf: logs of the numbers of two kinds of spots and of the area of one, and its own hue."""
    inner = ndimage.binary_erosion(mask, np.ones((1, 3, 3)))[..., None]
    ground = own_colour(pictures, inner)
    filled = np.where(inner, pictures, ground[:, None, None])
    soft = ndimage.gaussian_filter(filled, (0, 0.6, 0.6, 0))
    inks = unmixed_inks(soft / ground[:, None, None], first, second)
    counts = [ink_peaks(ink, 0.35).sum(axis=(1, 2)) + 1 for ink in inks]
    area = sum(np.clip(2 * ink - 0.3, 0, 1).sum(axis=(1, 2)) for ink in inks)
    columns = [
        *np.log(counts),
        np.log((area + 1) / sum(counts)),
        np.log(ground[:, 0] / ground[:, 2]),
    ]
    return np.column_stack(columns)


def slenderness(mask):
    """Return the log ratio of the longest and the shortest spread of an object, from its second moments."""
    rows, columns = np.mgrid[: mask.shape[1], : mask.shape[2]]
    area = mask.sum(axis=(1, 2)) + 1e-3
    middle = [(mask * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    down, right = rows - middle[0][:, None, None], columns - middle[1][:, None, None]
    xx, yy, xy = (
        (mask * part).sum(axis=(1, 2)) / area for part in (right**2, down**2, right * down)
    )
    mean, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.log((mean + half + 0.01) / (mean - half + 0.01))
