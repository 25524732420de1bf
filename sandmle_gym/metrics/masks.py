"""Metrics of masks: object arrays (n,) of int (runs, 2), the first pixel of each run and the one after.

Areas are computed from the runs, never by painting pixels: the cost follows the length of the text.
"""

from typing import Annotated

import numpy as np

from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

THRESHOLDS = np.arange(10, 20) / 20
"""0.5, 0.55 … 0.95."""

HAUSDORFF_SIDE = Annotated[int, Param(0, 129)]
"""Distances between pixels cost height times width squared."""


def overlap(left: np.ndarray, right: np.ndarray) -> int:
    """The number of pixels in both of two masks."""
    if not len(left) or not len(right):
        return 0
    starts, before = right[:, 0], np.append(0, np.cumsum(right[:, 1] - right[:, 0]))

    def covered(pixels: np.ndarray) -> np.ndarray:
        """Pixels of `right` before each of these."""
        run = np.searchsorted(starts, pixels, side="right") - 1
        inside = np.minimum(pixels, right[run, 1]) - starts[run]
        return np.where(run >= 0, before[run] + inside, 0)

    return int((covered(left[:, 1]) - covered(left[:, 0])).sum())


def area(mask: np.ndarray) -> int:
    """The number of pixels of a mask."""
    return int((mask[:, 1] - mask[:, 0]).sum())


def paint(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mask as bool (height, width)."""
    steps = np.zeros(height * width + 1, dtype=np.int64)
    np.add.at(steps, mask[:, 0], 1)
    np.add.at(steps, mask[:, 1], -1)
    return np.cumsum(steps)[:-1].reshape(width, height).T > 0


def _areas(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Pixels of each row, float (n, 3): on both sides, in the truth, in the prediction."""
    pairs = zip(truth, prediction, strict=True)
    return np.array([(overlap(t, p), area(t), area(p)) for t, p in pairs], dtype=float)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part / whole, and 1 where the whole is nothing."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 1.0)


def _dice(areas: np.ndarray) -> np.ndarray:
    return _ratio(2 * areas[:, 0], areas[:, 1] + areas[:, 2])


def _iou(areas: np.ndarray) -> np.ndarray:
    return _ratio(areas[:, 0], areas[:, 1] + areas[:, 2] - areas[:, 0])


@metric(
    "mean Dice",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas,
    about=(
        "The mean over images ({height} pixels high, {width} wide) of 2 · shared pixels / pixels "
        "of both masks, from 0 to 1."
    ),
)
def dice(rows: np.ndarray) -> float:
    """The Dice coefficient of each image, averaged over the images.

    Where both masks are empty an image counts 1 (as on Kaggle).
    """
    return float(_dice(rows).mean())


@metric(
    "global Dice",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas,
    about=(
        "2 · shared pixels / pixels of both masks, over all images ({height} pixels high, {width} "
        "wide) pooled, from 0 to 1."
    ),
)
def dice_global(rows: np.ndarray) -> float:
    """The Dice coefficient of all images pooled.

    It is 1 where there is no pixel on either side.
    """
    return float(_dice(rows.sum(axis=0, keepdims=True))[0])


@metric(
    "mean IoU",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas,
    about=(
        "The mean over images ({height} pixels high, {width} wide) of shared pixels / pixels in "
        "either mask, from 0 to 1."
    ),
)
def iou(rows: np.ndarray) -> float:
    """The intersection over union of each image, averaged over the images.

    Where both masks are empty an image counts 1 (as on Kaggle).
    """
    return float(_iou(rows).mean())


@metric(
    "mean precision over IoU thresholds",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas,
    about=(
        "The mean over images ({height} pixels high, {width} wide) of the share of IoU thresholds "
        "0.5, 0.55, … 0.95 exceeded."
    ),
)
def precision_over_iou(rows: np.ndarray) -> float:
    """The share of ten IoU thresholds that each image exceeds, averaged over the images.

    Where both masks are empty an image counts 1, where one is it counts 0 (Kaggle's TGS Salt).
    """
    return float((_iou(rows)[:, None] > THRESHOLDS).mean())


@metric(
    "F{beta:g} of pixels",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas,
    about=(
        "The F-beta score of all pixels pooled (images {height} pixels high, {width} wide), "
        "recall weighing {beta:g} times as much as precision."
    ),
)
def f_beta_pixels(rows: np.ndarray, *, beta: Annotated[float, Param(0, 100)]) -> float:
    """The F-beta score of all pixels pooled.

    It is 1 where there is no pixel on either side.
    """
    hits, actual, predicted = rows.sum(axis=0)
    weight = beta**2
    return float(_ratio((1 + weight) * hits, weight * actual + predicted))


def _areas_and_distance(
    truth: np.ndarray, prediction: np.ndarray, *, height: HAUSDORFF_SIDE, width: HAUSDORFF_SIDE
) -> np.ndarray:
    """Float (n, 4): the areas, and the Hausdorff distance as a share of the image's diagonal."""
    far = float(np.hypot(height, width))
    distances = [
        hausdorff(paint(t, height, width), paint(p, height, width)) / far
        for t, p in zip(truth, prediction, strict=True)
    ]
    return np.column_stack([_areas(truth, prediction), np.minimum(distances, 1.0)])


@metric(
    "0.4 Dice + 0.6 (1 - Hausdorff)",
    Form.MASK,
    better="higher",
    bounds=(0, 1),
    rows=_areas_and_distance,
    about=(
        "The mean over images ({height} pixels high, {width} wide) of 0.4 · Dice + 0.6 · (1 - "
        "Hausdorff distance / diagonal), from 0 to 1."
    ),
)
def dice_hausdorff(rows: np.ndarray) -> float:
    """0.4 Dice + 0.6 (1 - Hausdorff distance / diagonal), averaged over the images.

    Where both masks are empty an image counts 1, where one is it counts 0. One image is one slice;
    Kaggle's UW-Madison metric measures whole volumes.
    """
    return float((0.4 * _dice(rows) + 0.6 * (1 - rows[:, 3])).mean())


def hausdorff(left: np.ndarray, right: np.ndarray) -> float:
    """The largest distance from a pixel of one mask to the nearest of the other; inf where just one is empty.

    Args:
        left: bool (height, width).
        right: The same.
    """
    if not left.any() and not right.any():
        return 0.0
    if not left.any() or not right.any():
        return float("inf")
    return float(np.sqrt(max(_squared(right)[left].max(), _squared(left)[right].max())))


def _squared(mask: np.ndarray) -> np.ndarray:
    """The squared distance of each pixel to the nearest of the mask: first along columns, then across."""
    height, width = mask.shape
    rows, columns = np.arange(height), np.arange(width)
    away = np.full((height, width), float(height + width))
    for order in (rows, rows[::-1]):
        nearest = np.full(width, float(height + width))
        for row in order:
            nearest = np.where(mask[row], 0.0, nearest + 1)
            away[row] = np.minimum(away[row], nearest)
    across = (columns[:, None] - columns[None, :]) ** 2.0
    return (away[:, None, :] ** 2 + across[None, :, :]).min(axis=2)
