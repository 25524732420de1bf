"""Metrics of detections: object arrays (n,) of float (boxes, 6): label position, score, x, y, width, height.

Within an image and a label, detections are matched to true boxes from the highest score down, each to
the free box that it overlaps best (as COCO does). Equal scores of different images are one threshold,
so that no score depends on the order of the rows.
"""

from typing import Annotated

import numpy as np

from sandmle_gym.metrics.masks import THRESHOLDS
from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

LABEL, SCORE, X, Y, WIDTH, HEIGHT = range(6)
F_THRESHOLDS = np.arange(6, 17) / 20
"""0.3, 0.35 … 0.8."""


def overlaps(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The intersection over union of every box of one image with every one of another, (left, right)."""
    low = np.maximum(left[:, None, [X, Y]], right[None, :, [X, Y]])
    left_end, right_end = (box[:, [X, Y]] + box[:, [WIDTH, HEIGHT]] for box in (left, right))
    sides = np.clip(np.minimum(left_end[:, None], right_end[None]) - low, 0.0, None)
    shared = sides.prod(axis=2)
    areas = [box[:, WIDTH] * box[:, HEIGHT] for box in (left, right)]
    return np.minimum(shared / (areas[0][:, None] + areas[1][None, :] - shared), 1.0)


def match(truth: np.ndarray, found: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Tell which detections hit a true box of their label, bool (found, thresholds).

    Args:
        truth: The true boxes of an image.
        found: Its detections, from the highest score down.
        thresholds: Least intersection over union, rising.
    """
    hits = np.zeros((len(found), len(thresholds)), dtype=bool)
    if not len(truth) or not len(found):
        return hits
    same = found[:, None, LABEL] == truth[None, :, LABEL]
    shares = np.where(same, overlaps(found, truth), -1.0)
    possible = np.flatnonzero(shares.max(axis=1) >= thresholds[0])
    for place, threshold in enumerate(thresholds):
        free = shares.copy()
        for row in possible:
            best = free[row].argmax()
            if free[row, best] >= threshold:
                hits[row, place] = True
                free[:, best] = -1.0
    return hits


def _ranked(found: np.ndarray) -> np.ndarray:
    return found[np.argsort(-found[:, SCORE], kind="stable")]


def _rows(truth: np.ndarray, prediction: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Object (n,): (label, score and hits of each detection, the labels of the true boxes)."""
    rows = np.empty(len(truth), dtype=object)
    for row, (true, found) in enumerate(zip(truth, prediction, strict=True)):
        ranked = _ranked(found)
        detections = np.column_stack([ranked[:, :2], match(true, ranked, thresholds)])
        rows[row] = (detections, true[:, LABEL])
    return rows


def _at_one(
    truth: np.ndarray, prediction: np.ndarray, *, iou: Annotated[float, Param(0, 1)]
) -> np.ndarray:
    return _rows(truth, prediction, np.array([iou]))


def _at_all(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return _rows(truth, prediction, THRESHOLDS)


def _mean_average_precision(rows: np.ndarray) -> float:
    found = np.concatenate([row[0] for row in rows])
    true = np.concatenate([row[1] for row in rows])
    if not len(true):
        return float(not len(found))
    values = [
        _average_precision(found[found[:, LABEL] == label, SCORE:], int((true == label).sum()))
        for label in np.unique(true)
    ]
    return float(np.mean(values))


def _average_precision(found: np.ndarray, count: int) -> float:
    """The area under the interpolated curve of precision over recall, averaged over the thresholds.

    Args:
        found: (detections, 1 + thresholds): score and hits.
        count: Number of true boxes.
    """
    if not len(found):
        return 0.0
    found = found[np.argsort(-found[:, 0], kind="stable")]
    last = np.append(np.flatnonzero(np.diff(found[:, 0])), len(found) - 1)
    hits = np.cumsum(found[:, 1:], axis=0)[last]
    precision = hits / (last + 1)[:, None]
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    gains = np.diff(hits, axis=0, prepend=0.0) / count
    return float(min((gains * envelope).sum(axis=0).mean(), 1.0))


@metric(
    "mAP at IoU {iou:g}",
    Form.BOXES,
    better="higher",
    bounds=(0, 1),
    rows=_at_one,
    about=(
        "The average precision of each label, averaged over the labels, from 0 to 1; a detection "
        "hits with an IoU of at least {iou:g}."
    ),
)
def map_at_iou(rows: np.ndarray) -> float:
    """The average precision of each label at one IoU threshold, averaged over the labels.

    The area under the curve with all points, precision made to fall with recall (Pascal VOC 2010).
    Labels without a true box are left out. Without any true box it is 1 if nothing is detected, else 0.
    """
    return _mean_average_precision(rows)


@metric(
    "mAP over IoU thresholds",
    Form.BOXES,
    better="higher",
    bounds=(0, 1),
    rows=_at_all,
    about=(
        "The average precision, averaged over the labels and over the IoU thresholds 0.5, 0.55, … "
        "0.95, from 0 to 1."
    ),
)
def map_over_iou(rows: np.ndarray) -> float:
    """The average precision, averaged over the labels and over ten IoU thresholds.

    COCO's definition, but the area under the whole curve instead of 101 points of it.
    """
    return _mean_average_precision(rows)


def _hit_counts(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Float (n, thresholds + 2): hits at each threshold, true boxes, detections."""
    pairs = zip(truth, prediction, strict=True)
    return np.array(
        [[*match(t, _ranked(p), F_THRESHOLDS).sum(axis=0), len(t), len(p)] for t, p in pairs],
        dtype=float,
    )


@metric(
    "F2 over IoU thresholds",
    Form.BOXES,
    better="higher",
    bounds=(0, 1),
    rows=_hit_counts,
    about=(
        "The F2 score of all detections pooled (recall weighs twice), averaged over the IoU "
        "thresholds 0.3, 0.35, … 0.8, from 0 to 1."
    ),
)
def f2_boxes(rows: np.ndarray) -> float:
    """The F2 score of all detections pooled, averaged over eleven IoU thresholds.

    Scores only decide which detection is matched first, so leave doubtful boxes out (Kaggle's Great
    Barrier Reef). It is 1 where there is no box on either side.
    """
    *hits, actual, predicted = rows.sum(axis=0)
    total = 4 * actual + predicted
    return float(np.mean(hits) * 5 / total) if total else 1.0


def _centres(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Float (n, 3): detections whose centre lies in a box of their label, true boxes, detections."""
    rows = [_centre_hits(t, _ranked(p)) for t, p in zip(truth, prediction, strict=True)]
    sizes = [(len(t), len(p)) for t, p in zip(truth, prediction, strict=True)]
    return np.column_stack([rows, sizes]).astype(float)


def _centre_hits(truth: np.ndarray, found: np.ndarray) -> int:
    middle = found[:, [X, Y]] + found[:, [WIDTH, HEIGHT]] / 2
    low, size = truth[:, [X, Y]], truth[:, [WIDTH, HEIGHT]]
    inside = (middle[:, None] >= low) & (middle[:, None] <= low + size)
    fits = inside.all(axis=2) & (found[:, None, LABEL] == truth[None, :, LABEL])
    hits = 0
    for row in fits:
        free = np.flatnonzero(row)
        if free.size:
            fits[:, free[0]] = False
            hits += 1
    return hits


@metric(
    "F1 of centres",
    Form.BOXES,
    better="higher",
    bounds=(0, 1),
    rows=_centres,
    about=(
        "The F1 score of all detections pooled, from 0 to 1; one is right if its centre lies in a "
        "true box of its label that has none yet."
    ),
)
def f1_centres(rows: np.ndarray) -> float:
    """The F1 score of all detections pooled, each right if its centre lies in a true box.

    Kaggle's Kuzushiji recognition. It is 1 where there is no box on either side.
    """
    hits, actual, predicted = rows.sum(axis=0)
    return float(2 * hits / (actual + predicted)) if actual + predicted else 1.0
