"""Random networks: who is linked with whom, with circles of friends and a few very busy members."""

import numpy as np

INSIDE = 0.7
"""Share of links that stay within a circle."""
CIRCLE = 40
"""Mean number of members of a circle."""


def draw_links(members: int, links: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw distinct pairs of different members, int (about `links`, 2), the order of a pair random.

    A degree-corrected block model (Karrer and Newman 2011): members differ in how busy they are, by a
    log-normal factor, and prefer those of their own circle.
    """
    busy = np.round(np.exp(0.6 * rng.normal(size=members)), 4)
    circle = rng.randint(max(2, members // CIRCLE), size=members)
    order = np.argsort(circle, kind="stable")
    weight = np.cumsum(busy[order])
    ends = np.searchsorted(circle[order], np.arange(circle.max() + 2))
    edge = np.concatenate([[0.0], weight])[ends]  # weight below and above each circle
    draws = int(links * 1.2)
    left = order[np.searchsorted(weight, weight[-1] * rng.random_sample(draws))]
    low, high = edge[circle[left]], edge[circle[left] + 1]
    inside = rng.random_sample(draws) < INSIDE
    low, high = np.where(inside, low, 0.0), np.where(inside, high, weight[-1])
    place = np.searchsorted(weight, low + (high - low) * rng.random_sample(draws))
    right = order[np.minimum(place, members - 1)]
    pairs = np.stack([left, right], axis=1)[left != right]
    key = np.minimum(*pairs.T).astype(np.int64) * members + np.maximum(*pairs.T)
    first = np.sort(np.unique(key, return_index=True)[1])
    return pairs[first][:links]
