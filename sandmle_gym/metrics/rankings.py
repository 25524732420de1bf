"""Metrics of rankings: object arrays (n,) of tuples of item names, best first, on both sides."""

from functools import cache, lru_cache
from typing import Annotated

import numpy as np

from sandmle_gym.metrics.metric import Param
from sandmle_gym.metrics.registry import metric
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


def _gains(truth: np.ndarray, prediction: np.ndarray, *, k: Depth) -> np.ndarray:
    return np.array([_graded_gain(t, p[:k], k) for t, p in zip(truth, prediction, strict=True)])


@metric("graded NDCG@{k}", Form.RANKING, better="higher", bounds=(0, 1), graded=True, rows=_gains)
def ndcg_graded_at_k(rows: np.ndarray) -> float:
    """The mean over rows of the normalised discounted gain of the first {k} items, from 0 to 1.

    An item of grade g gains 2^g - 1 (unknown items 0), divided by log2(place + 1). A row whose items
    all have grade 0 counts 1. The answers list "item:grade".
    """
    return float(rows.mean())


def _first_hits(truth: np.ndarray, prediction: np.ndarray, *, k: Depth) -> np.ndarray:
    """Float (n, 2): 1 / place of the first relevant item (0 without), share of the relevant items found."""
    rows = []
    for relevant, ranked in zip(truth, prediction, strict=True):
        hits = [place for place, item in enumerate(ranked[:k], 1) if item in relevant]
        share = len(hits) / min(len(relevant), k) if relevant else 0.0
        rows.append((1 / hits[0] if hits else 0.0, share))
    return np.array(rows)


@metric("top-{k} accuracy", Form.RANKING, better="higher", bounds=(0, 1), rows=_first_hits)
def top_k_accuracy(rows: np.ndarray) -> float:
    """The share of rows with a relevant item among the first {k}, from 0 to 1."""
    return float((rows[:, 0] > 0).mean())


@metric(
    "MRR@{k}",
    Form.RANKING,
    better="higher",
    bounds=(0, 1),
    rows=_first_hits,
    about=(
        "The mean over rows of 1 / place of the first relevant item, 0 where none is among the "
        "first {k}, from 0 to 1."
    ),
)
def mrr_at_k(rows: np.ndarray) -> float:
    """The mean reciprocal rank of the first relevant item."""
    return float(rows[:, 0].mean())


@metric(
    "recall@{k}",
    Form.RANKING,
    better="higher",
    bounds=(0, 1),
    rows=_first_hits,
    about=(
        "The mean over rows of the share of relevant items (of {k} where there are more) that are "
        "among the first {k}, from 0 to 1."
    ),
)
def recall_at_k(rows: np.ndarray) -> float:
    """The mean share of relevant items that are found."""
    return float(rows[:, 1].mean())


def _pairs(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Float (n, 2): pairs of items in the right order, pairs of items."""
    return np.array([_ordered(t, p) for t, p in zip(truth, prediction, strict=True)], dtype=float)


@metric(
    "Kendall tau of orders",
    Form.RANKING,
    better="higher",
    bounds=(-1, 1),
    rows=_pairs,
    about=(
        "The share of pairs of items in the right order less the share in the wrong one, over the "
        "pairs of all rows: 1 is perfect, 0 is chance."
    ),
)
def kendall_orders(rows: np.ndarray) -> float:
    """The share of pairs of items in the right order less the share in the wrong one.

    1 - 4 · swaps / n(n - 1) summed over rows (Kaggle's AI4Code). A pair counts as wrong unless both
    items are listed; items that are not to be ordered are ignored. It is 1 where there is no pair.
    """
    right, pairs = rows.sum(axis=0)
    return float(2 * right / pairs - 1) if pairs else 1.0


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


@per_row
def _graded_gain(graded: tuple[tuple[str, float], ...], ranked: tuple[str, ...], k: int) -> float:
    gains = {item: 2**grade - 1 for item, grade in graded}
    best = sorted(gains.values(), reverse=True)
    discounts, _ = _ideal(0, k)
    ideal = sum(gain * discount for gain, discount in zip(best, discounts, strict=False))
    gained = sum(
        gains.get(item, 0.0) * discount for item, discount in zip(ranked, discounts, strict=False)
    )
    return min(gained / ideal, 1.0) if ideal > 0 else 1.0


def _ordered(order: tuple[str, ...], ranked: tuple[str, ...]) -> tuple[int, int]:
    """Pairs of the true order that are kept, and all of them."""
    places = {item: place for place, item in enumerate(ranked)}
    listed = np.array([places[item] for item in order if item in places])
    kept = int(np.count_nonzero(np.triu(listed[:, None] < listed[None, :], 1)))
    return kept, len(order) * (len(order) - 1) // 2


@cache
def _ideal(relevant: int, k: int) -> tuple[tuple[float, ...], float]:
    """The discounts of the first k places, and the best gain that they allow."""
    discounts = tuple(1 / np.log2(place + 1) for place in range(1, k + 1))
    gains = range(relevant, 0, -1)
    return discounts, sum(g * d for g, d in zip(gains, discounts, strict=False))
