"""How alike frozen tasks are, by their ladders and by their statements.

A freeze draws again what is too near to an earlier task, and `sandmle stats` tells how near the rest is.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NO_DATA = ("sample submission", "mean", "median", "random draws", "trivial")
"""Entries of a leaderboard that look at no feature."""
APART = 0.03
"""Least distance between the ladders of two tasks of a suite; see `fingerprint`."""
NEAR = 0.9
"""Cosine from which two statements, less their boilerplate, are near-duplicates."""
COMMON_LINE = 0.2
"""Lines that stand in more than this share of all statements are boilerplate …"""
COMMON_IN_CARD, CARD_TASKS = 0.5, 4
"""… and those in more than this share of a card's, where so many tasks of it are compared."""


def fingerprint(entry: Mapping[str, Any]) -> list[float]:
    """Describe a line of a lock by its ladder: the skill of every witness and pipeline, its size and noise.

    Skills are shares of the way from trivial to the oracle, cut to [-1, 1].
    """
    scores = dict(entry["certificate"]["rungs"])
    low, span = scores["trivial"], scores["oracle"] - scores["trivial"]
    board = entry.get("leaderboard") or {}
    learners = [name for name in board if name not in NO_DATA and name not in scores]
    skills = [(scores[tier] - low) / span for tier in scores if tier not in ("trivial", "oracle")]
    skills += [(board[name] - low) / span for name in sorted(learners)]
    error = entry["certificate"]["standard_error"] / abs(span)
    sizes = [math.log(entry["train_rows"] / 100), 10 * error]
    return [float(np.clip(skill, -1, 1)) for skill in skills] + sizes


def squared_distances(entries: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the squared distance of every two ladders; infinite where they have other pipelines."""
    points = [fingerprint(entry) for entry in entries]
    squares = np.full((len(points), len(points)), np.inf)
    for width in {len(point) for point in points}:
        places = np.array([place for place, point in enumerate(points) if len(point) == width])
        same = np.array([points[place] for place in places])
        squares[np.ix_(places, places)] = ((same[:, None] - same[None]) ** 2).sum(axis=2)
    return squares


def cosines(statements: Sequence[str], cards: Sequence[str]) -> np.ndarray:
    """Return the TF-IDF cosine of every two statements, less their boilerplate; 0 on the diagonal."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    own = _own_lines([text.splitlines() for text in statements], cards)
    weights = TfidfVectorizer(token_pattern=r"\S+").fit_transform(own)
    similar = np.asarray((weights @ weights.T).todense())
    np.fill_diagonal(similar, 0.0)
    return similar


def too_near(entries: Sequence[Mapping[str, Any]], statements: Sequence[str]) -> set[int]:
    """Return the places of the tasks to draw again, so that none is too near to an earlier one."""
    near = squared_distances(entries) < APART**2
    near |= cosines(statements, [entry["card"] for entry in entries]) >= NEAR
    again: set[int] = set()
    for earlier, later in np.argwhere(np.triu(near, 1)).tolist():
        if earlier not in again:
            again.add(later)
    return again


def _own_lines(statements: Sequence[Sequence[str]], cards: Sequence[str]) -> list[str]:
    """Return statements without the lines that many share, or most of the same card."""
    whole = Counter(line for text in statements for line in set(text))
    sizes, held = Counter(cards), Counter()
    for text, card in zip(statements, cards, strict=True):
        held.update((card, line) for line in set(text))
    most = max(COMMON_LINE * len(statements), 1)
    own = []
    for text, card in zip(statements, cards, strict=True):
        large = sizes[card] >= CARD_TASKS
        limit = COMMON_IN_CARD * sizes[card] if large else math.inf
        kept = [line for line in text if whole[line] <= most and held[card, line] <= limit]
        own.append("\n".join(kept))
    return own
