"""Functions of witness programs that mark pixels; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression, Ridge

from sandmle_gym.families.recipes.image_objects import largest_part


def painted_mask(text, height, width):
    """Return the mask of a run-length text."""
    flat = np.zeros(height * width, dtype=bool)
    numbers = np.array(str(text).split(), dtype=int)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[start - 1 : start - 1 + length] = True
    return flat.reshape(width, height).T


def run_text(mask):
    """Return the run-length text of a mask; one pixel in the middle if it is empty."""
    steps = np.diff(mask.T.ravel().astype(int), prepend=0, append=0)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return (
        " ".join(f"{start + 1} {end - start}" for start, end in zip(starts, ends, strict=True))
        or f"{mask.size // 2} 1"
    )


def over_ground(light):
    """Return the log of light over a smooth surface, fitted to each picture without what stands out."""
    n, h, w = light.shape
    rows, columns = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    design = np.stack(
        [rows**a * columns**b for a in range(4) for b in range(4 - a)], axis=-1
    ).reshape(h * w, -1)
    project = np.linalg.pinv(design).T
    level = np.log(light.reshape(n, -1).clip(0.02))
    clipped, ground = level, np.zeros_like(level)
    for _ in range(8):
        ground = clipped @ project @ design.T
        rest = level - ground
        width = np.median(np.abs(rest), axis=1, keepdims=True)
        clipped = ground + rest.clip(-width, width)
    return (level - ground).reshape(light.shape)


def mask_guess(light, masks, folds=4):
    """Return a ridge regression of whole masks on small pictures; out of fold for train pictures."""
    n, h, _ = light.shape
    edges = np.linspace(0, h, 11)[:-1].astype(int)
    small = np.add.reduceat(np.add.reduceat(light, edges, axis=1), edges, axis=2).reshape(n, -1)
    small = (small - small.mean(axis=0)) / small.std(axis=0)
    known, flat = len(masks), masks.reshape(len(masks), -1).astype(float)
    guess = Ridge(10.0).fit(small[:known], flat).predict(small)
    for fold in range(folds):
        held = np.arange(known) % folds == fold
        fitted = Ridge(10.0).fit(small[:known][~held], flat[~held])
        guess[:known][held] = fitted.predict(small[:known][held])
    return guess.reshape(light.shape)


def pixel_chances(light, masks, guess, sample=8000):
    """Return the chance of every pixel to be marked, from its light, that around it, place and guess."""
    _n, h, w = light.shape
    soft = [light, *(ndimage.gaussian_filter(light, (0, width, width)) for width in (0.6, 1.2))]
    rows, columns = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    away = np.broadcast_to(rows**2 + columns**2, light.shape)
    terms = [*soft, guess, guess**2, *((part - part.mean()) ** 2 for part in soft[1:]), away]
    chosen = np.random.RandomState(0).permutation(masks.size)[:sample]
    matrix = np.column_stack([part[: len(masks)].ravel()[chosen] for part in terms])
    spread = matrix.std(axis=0)
    model = LogisticRegression(C=10.0, max_iter=300).fit(matrix / spread, masks.ravel()[chosen])
    total = sum(weight * part for weight, part in zip(model.coef_[0] / spread, terms, strict=True))
    return 1 / (1 + np.exp(-(total + model.intercept_[0])))


def same_mask(mask):
    """Return a mask as it is."""
    return mask


def best_level(chance, masks, clean=same_mask):
    """Return the chance above which pixels should be marked for the best mean overlap."""
    scores = {}
    for level in np.arange(0.1, 0.75, 0.05):
        found = clean(chance > level)
        both = (found & masks).sum(axis=(1, 2))
        scores[level] = np.mean(2 * both / (found.sum(axis=(1, 2)) + masks.sum(axis=(1, 2))))
    return max(scores, key=lambda level: scores[level])


def one_piece(mask):
    """Return the largest connected part of each mask, opened, without holes."""
    solid = ndimage.binary_fill_holes(
        mask, np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))])
    )
    return largest_part(ndimage.binary_opening(solid, np.ones((1, 3, 3))))


def ellipses(light, found):
    """Return the ellipse of each picture that parts bright from dark best, from its mask's moments on.

    The gain of a pixel is the log likelihood of the patch over the ground, for normal noise.
    """
    _n, h, w = light.shape
    rows, columns = np.mgrid[:h, :w]
    area = found.sum(axis=(1, 2)) + 1e-9
    middle = [(found * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    down, right = rows - middle[0][:, None, None], columns - middle[1][:, None, None]
    yy, xx, xy = (
        (found * part).sum(axis=(1, 2)) / area for part in (down**2, right**2, down * right)
    )
    turn, half = 0.5 * np.arctan2(2 * xy, yy - xx), np.hypot((yy - xx) / 2, xy)
    long, short = (2 * np.sqrt(((yy + xx) / 2 + sign * half).clip(1)) for sign in (1, -1))
    shape = np.column_stack([*middle, np.log(long), np.log(short), turn])
    strength = np.array(
        [np.median(x[m]) if m.any() else 0.0 for x, m in zip(light, found, strict=True)]
    )[:, None, None]
    gain = strength * (light - strength / 2)
    best = (gain * in_ellipse(shape, h, w)).sum(axis=(1, 2))
    for size in (1.0, 0.6, 0.35):
        for step in size * np.diag([1.0, 1.0, 0.12, 0.12, 0.3]):
            for move in (step, -step):
                tried = (gain * in_ellipse(shape + move, h, w)).sum(axis=(1, 2))
                better = tried > best
                shape[better] += move
                best[better] = tried[better]
    return in_ellipse(shape, h, w) > 0.5


def in_ellipse(shape, h, w):
    """Return how much of each pixel lies within an ellipse: row, column, log half axes, direction."""
    rows, columns = np.mgrid[:h, :w].astype(np.float32)
    row, column, long, short, turn = shape.T.astype(np.float32)[:, :, None, None]
    down, right = rows - row, columns - column
    along = (down * np.cos(turn) + right * np.sin(turn)) * np.exp(-long)
    across = (right * np.cos(turn) - down * np.sin(turn)) * np.exp(-short)
    return ((1 - np.sqrt(along**2 + across**2)) * np.exp((long + short) / 2) + 0.5).clip(0, 1)
