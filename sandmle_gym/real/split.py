"""Split the rows of a table in proportion to its target, and name them anew."""

from dataclasses import dataclass

import numpy as np

from sandmle_gym.seeding import digest, stream

MIN_TRAIN_ROWS = 20
MAX_TRAIN_ROWS = 200
"""Default cap: the paper's tasks have 50-200 training rows."""
MAX_HIDDEN_ROWS = 4000
"""More hidden rows only slow grading down; further rows of the table are left out."""
PUBLIC_SHARE = 0.3
"""Share of the hidden rows that `score` answers on."""


@dataclass(frozen=True)
class Parts:
    """Row positions of a table, each part in random order."""

    train: np.ndarray
    test: np.ndarray
    private: np.ndarray
    """bool, one per entry of `test`: True for the rows that reward."""


def default_train_rows(rows: int) -> int:
    """Return two fifths of the rows, at most `MAX_TRAIN_ROWS`."""
    return min(MAX_TRAIN_ROWS, max(MIN_TRAIN_ROWS, round(rows * 0.4)))


def split(strata: np.ndarray, train_rows: int, name: str, seed: int) -> Parts:
    """Split rows so that every stratum is in every part in proportion (systematic sampling)."""
    random = stream("split", name, seed)
    order = random.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    train, rest = _systematic(order, train_rows, random)
    hidden, _ = _systematic(rest, min(len(rest), MAX_HIDDEN_ROWS), random)
    public, private = _systematic(hidden, round(len(hidden) * PUBLIC_SHARE), random)
    test = random.permutation(np.concatenate([public, private]))
    return Parts(random.permutation(train), test, np.isin(test, private))


def opaque_ids(rows: int, name: str, seed: int) -> list[str]:
    """Return one id per row: unique, and telling neither the order nor anything else."""
    return [digest("id", name, seed, row).hex()[:12] for row in range(rows)]


def _systematic(
    order: np.ndarray, count: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Take `count` evenly spaced entries; return them and the others, both in order."""
    places = np.floor((np.arange(count) + random.uniform()) * len(order) / count).astype(int)
    taken = np.zeros(len(order), dtype=bool)
    taken[places] = True
    return order[taken], order[~taken]
