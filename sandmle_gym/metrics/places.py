"""Metrics of points on the earth and of directions in space: float (n, 2) on both sides.

Angles go through unit vectors, so that every pair of numbers is some point, and no prediction outside
the usual ranges can cheat the formula.
"""

from math import inf, pi

import numpy as np

from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

EARTH_RADIUS = 6_371_000.0
"""Mean radius in metres."""


def _between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The angle between unit vectors (n, 3), in radians; exact for small angles, as a dot product is not."""
    half = np.sqrt(((left - right) ** 2).sum(axis=1)) / 2
    return 2 * np.arcsin(np.minimum(half, 1.0))


def _sphere(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    flat = np.cos(elevation)
    return np.column_stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])


def _metres(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    left, right = (
        _sphere(np.radians(side[:, 1]), np.radians(side[:, 0])) for side in (truth, prediction)
    )
    return EARTH_RADIUS * _between(left, right)


def _radians(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    left, right = (_sphere(side[:, 0], pi / 2 - side[:, 1]) for side in (truth, prediction))
    return _between(left, right)


@metric(
    "mean haversine distance",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    several_columns=True,
    columns=2,
    rows=_metres,
    about=(
        "The mean distance along the earth's surface, in metres, between points given by latitude "
        "(first column) and longitude (second) in degrees; 0 is perfect."
    ),
)
def haversine(rows: np.ndarray) -> float:
    """The mean distance along the earth's surface, in metres."""
    return float(rows.mean())


@metric(
    "mean of the 50th and 95th percentile of haversine distances",
    Form.VALUE,
    better="lower",
    bounds=(0, inf),
    several_columns=True,
    columns=2,
    rows=_metres,
    about=(
        "The mean of the median and the 95th percentile of the distances along the earth's "
        "surface, in metres, between points given by latitude (first column) and longitude "
        "(second) in degrees; 0 is perfect."
    ),
)
def haversine_p50_p95(rows: np.ndarray) -> float:
    """The mean of the median and the 95th percentile of the distances, in metres."""
    return float(np.percentile(rows, (50, 95)).mean())


@metric(
    "mean angular error",
    Form.VALUE,
    better="lower",
    bounds=(0, pi),
    several_columns=True,
    columns=2,
    rows=_radians,
    about=(
        "The mean angle, in radians, between directions given by azimuth (first column) and "
        "zenith angle (second) in radians; 0 is perfect."
    ),
)
def angular_error(rows: np.ndarray) -> float:
    """The mean angle between directions, in radians."""
    return float(rows.mean())
