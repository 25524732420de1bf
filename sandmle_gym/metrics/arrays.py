"""Array operations that several metrics share."""

import numpy as np


def columns(values: np.ndarray) -> list[np.ndarray]:
    """The columns of an (n,) or (n, k) array."""
    return [values] if values.ndim == 1 else list(values.T)


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing the mean of theirs (`scipy.stats.rankdata`, without its overhead)."""
    order = np.argsort(values)
    ranked = values[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Pearson's r in [-1, 1]; 0 where either side is constant."""
    if (left == left[0]).all() or (right == right[0]).all():
        return 0.0
    left, right = left - left.mean(), right - right.mean()
    # scaled before squaring, so that large values do not overflow nor small ones vanish
    left, right = left / np.abs(left).max(), right / np.abs(right).max()
    r = (left @ right) / np.sqrt((left @ left) * (right @ right))
    return float(np.clip(r, -1.0, 1.0))
