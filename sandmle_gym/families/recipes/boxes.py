"""Functions of witness programs that find things; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201, ANN202

import numpy as np
from scipy import ndimage


def boxes_of(text):
    """Return the boxes of a cell: score, x, y, width, height."""
    return np.array(str(text).split(), dtype=float).reshape(-1, 5)


def box_text(boxes):
    """Return the cell of some boxes, scores from 0 to 1."""
    return " ".join(
        f"{score:.4f} {x:.2f} {y:.2f} {w:.2f} {h:.2f}" for score, x, y, w, h in boxes[:60]
    )


def bright_parts(light, level):
    """Return the boxes round connected parts that are brighter than a level, larger ones more certain."""
    parts = np.zeros(light.shape, int)
    ndimage.label(
        light > level, np.array([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))]), output=parts
    )
    found, sizes = [[] for _ in light], np.bincount(parts.ravel())
    for k, (picture, rows, columns) in enumerate(ndimage.find_objects(parts), 1):
        box = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        found[picture.start].append((sizes[k] / (sizes[k] + 30), *box))
    return [sorted(row, reverse=True) for row in found]


def overlap_of(box, other):
    """Return the intersection over union of two boxes."""
    sides = [
        min(box[k] + box[k + 2], other[k] + other[k + 2]) - max(box[k], other[k]) for k in (1, 2)
    ]
    shared = max(sides[0], 0) * max(sides[1], 0)
    return shared / (box[3] * box[4] + other[3] * other[4] - shared)


def as_found(found, known):  # noqa: ARG001
    """Keep all boxes."""
    return found


def best_cut(light, known, clean=as_found):
    """Return the level whose pieces meet the known boxes best, by the sum of overlaps above a half."""
    scores = {}
    for level in np.quantile(light[: len(known)], np.linspace(0.7, 0.98, 15)):
        found = clean(bright_parts(light[: len(known)], level), known)
        pairs = [
            [overlap_of(box, other) for box in row]
            for row, true in zip(found, known, strict=True)
            for other in true
        ]
        hits = sum(max(row, default=0) for row in pairs if max(row, default=0) > 0.5)
        scores[level] = hits / (sum(map(len, found)) + len(pairs))
    return max(scores, key=lambda level: scores[level])


def without_crumbs(found, known):
    """Leave out boxes that are much smaller than the smallest known one."""
    least = np.concatenate(known)[:, 3:].prod(axis=1).min()
    return [[box for box in row if box[3] * box[4] > 0.7 * least] for row in found]


def fitted_boxes(light, found):
    """Move the sides of each box until an upright ellipse in it parts bright from dark best.

    The score of a box is the gain in log likelihood of normal noise, on a scale from 0 to 1.
    """
    rows = np.array([k for k, row in enumerate(found) for _ in row])
    boxes = np.array([box[1:] for row in found for box in row], dtype=float)
    middle, half = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:] / 2
    shape = np.column_stack([middle, np.log(half)])
    side = 19
    corner = np.round(middle[:, ::-1] - side / 2).astype(int)
    padded = np.pad(light, ((0, 0), (side, side), (side, side)))
    steps = np.arange(side)
    crop = padded[
        rows[:, None, None],
        (corner[:, :1] + side + steps)[:, :, None],
        (corner[:, 1:] + side + steps)[:, None],
    ]
    across, down = corner[:, 1:] + steps + 0.5, corner[:, :1] + steps + 0.5

    def cover(shape):
        x, y, a, b = shape.T[:, :, None]
        right, below = (across - x) * np.exp(-a), (down - y) * np.exp(-b)
        away = np.sqrt(right[:, None, :] ** 2 + below[:, :, None] ** 2)
        return ((1 - away) * np.exp((a + b) / 2)[:, :, None] / 1.4 + 0.5).clip(0, 1)

    strength = np.nan_to_num(np.nanmedian(np.where(cover(shape) > 0.7, crop, np.nan), axis=(1, 2)))[
        :, None, None
    ]

    def gain(shape):
        inner = strength * cover(shape)
        return (inner * (crop - inner / 2)).sum(axis=(1, 2))

    best = gain(shape)
    for size in (1.0, 0.6, 0.35, 0.2):
        for step in size * np.diag([0.7, 0.7, 0.15, 0.15]):
            for move in (step, -step):
                tried = gain(shape + move)
                better = tried > best
                shape[better] += move
                best[better] = tried[better]
    half = np.exp(shape[:, 2:])
    table = np.column_stack([best / (best + np.median(best)), shape[:, :2] - half, 2 * half]).clip(
        0.001
    )
    return [sorted(map(tuple, table[rows == k]), reverse=True) for k in range(len(found))]
