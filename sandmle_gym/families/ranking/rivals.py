"""Lists of rival candidates: what each shows, and how good it really is beside the others of its list.

    worth = sqrt(1 - noise) * z(sum_k sqrt(share_k) * z(effect_k)) + sqrt(noise) * e

with e standard normal. Prices and marks have a level of their own on every list, which means nothing: only
the distance to the rivals does. Further effects are a plain quality, whether the kind is the one wanted,
and how near, in relative terms, the size comes to the one wanted.
"""

from typing import NamedTuple

import numpy as np

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

FEWEST, MOST = 8, 10
"""Candidates on a list."""

LETTERS = "ABCDEFGHIJ"


class Worths(Frozen):
    """How the variance of the signal is shared out."""

    plain: float
    price: float
    mark: float
    kind: float
    size: float


class Lists(NamedTuple):
    """Lists of `MOST` places, of which the first few are filled. Standardised values, rounded."""

    filled: np.ndarray
    """bool (n, MOST)"""
    quality: np.ndarray
    price: np.ndarray
    """The logarithm."""
    mark: np.ndarray
    kind: np.ndarray
    """int (n, MOST)"""
    size: np.ndarray
    """The logarithm."""
    wanted_kind: np.ndarray
    """int (n,)"""
    wanted_size: np.ndarray
    mean: np.ndarray
    """float (n, MOST): the worth that all this says."""
    worth: np.ndarray


def draw_lists(rows: int, kinds: int, worths: Worths, noise: float, *key: Label) -> Lists:
    """Draw lists."""
    rng = stream(*key, "lists")
    shape = rows, MOST
    filled = np.arange(MOST) < rng.randint(FEWEST, MOST + 1, size=rows)[:, None]
    quality = np.round(rng.normal(size=shape), 2)
    price, mark = (
        np.round(rng.normal(size=(rows, 1)) * level + rng.normal(size=shape) * within, 2)
        for level, within in ((0.9, 0.4), (0.95, 0.3))
    )
    wanted_kind, wanted_size = rng.randint(kinds, size=rows), np.round(rng.normal(size=rows), 2)
    kind = rng.randint(kinds, size=shape)
    kind = np.where(rng.random_sample(shape) < 0.3, wanted_kind[:, None], kind)
    size = np.round(0.7 * wanted_size[:, None] + 0.7 * rng.normal(size=shape), 2)
    effects = {
        "plain": quality,
        "price": -_apart(price, filled),
        "mark": _apart(mark, filled),
        "kind": (kind == wanted_kind[:, None]).astype(float),
        "size": -((size - wanted_size[:, None]) ** 2),
    }
    signal = np.zeros(shape)
    for name, share in worths:
        signal = signal + np.sqrt(share) * _standardised(effects[name], filled)
    mean = np.round(np.sqrt(1 - noise) * _standardised(signal, filled), 6)
    worth = np.round(mean + np.sqrt(noise) * stream(*key, "noise").normal(size=shape), 6)
    return Lists(filled, quality, price, mark, kind, size, wanted_kind, wanted_size, mean, worth)


def ordered(values: np.ndarray, filled: np.ndarray) -> list[list[str]]:
    """Return the letters of every list from the highest value down."""
    order = np.where(filled, -values, np.inf).argsort(axis=1, kind="stable").tolist()
    sizes = filled.sum(axis=1).tolist()
    return [[LETTERS[k] for k in row[:size]] for row, size in zip(order, sizes, strict=True)]


def _apart(values: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Return the distance to the mean of the list."""
    mean = np.where(filled, values, 0.0).sum(axis=1) / filled.sum(axis=1)
    return np.round(values - mean[:, None], 6)


def _standardised(values: np.ndarray, filled: np.ndarray) -> np.ndarray:
    known = values[filled]
    return (values - known.mean()) / known.std()
