"""Metrics of the order of numbers, by comparing all pairs of rows."""

from collections.abc import Iterator

import numpy as np

from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form

PAIRS = 2**20
"""Pairs that are compared at once."""


@metric(
    "Kendall tau",
    Form.VALUE,
    better="higher",
    bounds=(-1, 1),
    about=(
        "The share of pairs of rows in the right order less the share in the wrong one, with "
        "regard to ties: 1 is perfect, 0 is no relation."
    ),
)
def kendall(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Kendall's tau-b.

    Kendall's tau-b. It is 0 where either side is constant.
    """
    t, p = (
        np.unique(side, return_inverse=True)[1].astype(np.int32) for side in (truth, prediction)
    )
    ahead = behind = 0
    for rows in _slices(len(t)):
        above = t[rows, None] > t
        ahead += np.count_nonzero(above & (p[rows, None] > p))
        behind += np.count_nonzero(above & (p[rows, None] < p))
    spread = _untied(t) * _untied(p)
    return float(np.clip((ahead - behind) / np.sqrt(spread), -1.0, 1.0)) if spread else 0.0


@metric(
    "concordance index",
    Form.VALUE,
    better="higher",
    bounds=(0, 1),
    extra=("event",),
    about=(
        "The share of comparable pairs of rows whose times are predicted in the right order, "
        "equal predictions counting half: 1 is perfect, 0.5 is chance."
    ),
)
def concordance(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Harrell's concordance index of predicted times.

    A pair is comparable if the earlier time is that of an event; the other row may be censored
    (Harrell's C). Rows of the same time are not compared. Without a comparable pair it is 0.5.
    The answers hold a column `event`: 1 where the event was seen, 0 where the time is censored.
    """
    time, event = truth[:, 0], truth[:, 1] == 1
    t, p = (np.unique(side, return_inverse=True)[1].astype(np.int32) for side in (time, prediction))
    seen_t, seen_p = t[event], p[event]
    pairs = right = tied = 0
    for rows in _slices(len(seen_t), len(t)):
        later = t > seen_t[rows, None]
        pairs += np.count_nonzero(later)
        right += np.count_nonzero(later & (p > seen_p[rows, None]))
        tied += np.count_nonzero(later & (p == seen_p[rows, None]))
    return (right + tied / 2) / pairs if pairs else 0.5


def _slices(count: int, others: int | None = None) -> Iterator[slice]:
    """Cut rows that are each compared with all others, so that memory stays bounded."""
    step = max(PAIRS // max(others or count, 1), 1)
    return (slice(start, start + step) for start in range(0, count, step))


def _untied(ranks: np.ndarray) -> float:
    """The number of pairs of different values."""
    counts = np.bincount(ranks).astype(float)
    return (len(ranks) ** 2 - (counts**2).sum()) / 2
