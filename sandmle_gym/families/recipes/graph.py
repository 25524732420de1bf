"""What the witness programs of networks are made of; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
import pandas as pd


def company(ties, names, values):
    """Return the mean value of each name's neighbours, weighted by the third column of the ties."""
    place = pd.Index(names)
    ties = ties[ties.iloc[:, 0].isin(place) & ties.iloc[:, 1].isin(place)]
    left, right = (place.get_indexer(ties.iloc[:, k]) for k in (0, 1))
    ends, others = np.concatenate([left, right]), np.concatenate([right, left])
    weights = np.tile(ties.iloc[:, 2].to_numpy(), 2)
    total = np.bincount(ends, weights, minlength=len(names))
    level = np.bincount(ends, weights * values[others], minlength=len(names))
    return np.where(total > 0, level / np.maximum(total, 1e-9), values.mean())


def shared_neighbours(ties, left, right):
    """Return how many neighbours the two ends of each pair have in common."""
    circles = {}
    for a, b in ties.itertuples(index=False):
        circles.setdefault(a, set()).add(b)
        circles.setdefault(b, set()).add(a)
    none = set()
    return [
        len(circles.get(a, none) & circles.get(b, none)) for a, b in zip(left, right, strict=True)
    ]
