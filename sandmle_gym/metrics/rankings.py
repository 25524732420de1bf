"""Metrics of rankings: object arrays (n,) of tuples of item names, best first, on both sides."""

from functools import cache, lru_cache
from typing import Annotated

import numpy as np

from sandmle_gym.metrics.registry import Param, metric
from sandmle_gym.spec import Form

Depth = Annotated[int, Param(0, 1001)]

per_row = lru_cache(maxsize=2**15)
"""A bootstrap scores the same rows hundreds of times, and they cannot be scored as an array."""


@metric("MAP@{k}", Form.RANKING, better="higher", bounds=(0, 1))
def map_at_k(truth: np.ndarray, prediction: np.ndarray, *, k: Depth) -> float:
    """The mean over rows of the average precision of the first {k} items, from 0 to 1.

    Each relevant item at place i adds the precision of the first i; the sum is divided by the number
    of relevant items, at most k (Kaggle's MAP@K). A row without relevant items counts 0.
    """
    return sum(map(_average_precision, truth, prediction, [k] * len(truth))) / len(truth)


@metric("NDCG@{k}", Form.RANKING, better="higher", bounds=(0, 1))
def ndcg_at_k(truth: np.ndarray, prediction: np.ndarray, *, k: Depth) -> float:
    """The mean over rows of the normalised discounted gain of the first {k} items, from 0 to 1.

    Of m relevant items in order, the first gains m, the last 1, any other item 0; a gain at place i is
    divided by log2(i + 1). A row without relevant items counts 0.
    """
    return sum(map(_discounted_gain, truth, prediction, [k] * len(truth))) / len(truth)


@per_row
def _average_precision(relevant: tuple[str, ...], ranked: tuple[str, ...], k: int) -> float:
    hits, total = 0, 0.0
    for place, item in enumerate(ranked[:k], 1):
        if item in relevant:
            hits += 1
            total += hits / place
    return total / min(len(relevant), k) if relevant else 0.0


@per_row
def _discounted_gain(relevant: tuple[str, ...], ranked: tuple[str, ...], k: int) -> float:
    if not relevant:
        return 0.0
    discounts, ideal = _ideal(len(relevant), k)
    gained = 0.0
    for item, discount in zip(ranked, discounts, strict=False):
        if item in relevant:
            gained += (len(relevant) - relevant.index(item)) * discount
    return min(gained / ideal, 1.0)


@cache
def _ideal(relevant: int, k: int) -> tuple[tuple[float, ...], float]:
    """The discounts of the first k places, and the best gain that they allow."""
    discounts = tuple(1 / np.log2(place + 1) for place in range(1, k + 1))
    gains = range(relevant, 0, -1)
    return discounts, sum(g * d for g, d in zip(gains, discounts, strict=False))
