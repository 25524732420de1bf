"""Passages by writers with habits, and how likely each passage is from each of them.

Every choice of a writer (words, small words, endings, signs, ends of sentences) is drawn from a table.
"""

from dataclasses import dataclass

import numpy as np

from sandmle_gym.families.text.lexicon import Lexicon
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

_SMALL = (
    "of the and upon which but not from with had was so yet thus while there into over then whose"
)
SMALL = tuple(_SMALL.split())
ENDINGS = ("eth", "ish", "en", "ous", "ling", "ward")
SIGNS = ("", ",", ";", " -", ":")
STOPS = (".", "!", "?", " ...")
CONTENT = 260
"""Content words of a draw."""


class Spread(Frozen):
    """How many writers there are and how different; the smaller a concentration, the more."""

    writers: int
    topics: int
    words: tuple[int, int]
    """Range of the words of a passage."""
    vocabulary: float
    """Share of the choice of content words that is a writer's own."""
    small: float
    """Concentration of the tables of small words."""
    endings: float
    """Concentration of the tables of endings."""
    signs: float
    """Concentration of the tables of signs."""


@dataclass(frozen=True)
class Habits:
    """The tables of all writers, float (writers, choices), rows summing to 1."""

    content: np.ndarray
    """(subjects, writers, words)"""
    small: np.ndarray
    endings: np.ndarray
    """The first choice is no ending."""
    signs: np.ndarray
    stops: np.ndarray
    pauses: np.ndarray
    """(writers, 2): whether a sentence goes on or ends after a word."""


def _habits(spread: Spread, rng: np.random.RandomState) -> Habits:
    """Draw the tables; rounded, so that they are the same on every machine."""
    writers, subjects = spread.writers, spread.topics
    common_words = rng.dirichlet(np.full(CONTENT, 0.5), size=subjects)
    own = rng.dirichlet(np.full(CONTENT, 0.06), size=writers)
    content = (1 - spread.vocabulary) * common_words[:, None] + spread.vocabulary * own
    endings = rng.dirichlet(np.full(len(ENDINGS), spread.endings), size=writers)
    rate = rng.uniform(0.25, 0.35, size=(writers, 1))
    pause = rng.uniform(0.04, 0.2, size=(writers, 1))
    return Habits(
        content=_table(content),
        small=_table(rng.dirichlet(np.full(len(SMALL), spread.small), size=writers)),
        endings=_table(np.hstack([1 - rate, rate * endings])),
        signs=_table(rng.dirichlet(np.array([12.0, 2, 1, 1, 1]) * spread.signs, size=writers)),
        stops=_table(rng.dirichlet(np.array([3.0, 1, 1, 1]) * spread.signs, size=writers)),
        pauses=_table(np.hstack([1 - pause, pause])),
    )


def _table(shares: np.ndarray) -> np.ndarray:
    """Mix in a little of everything, round and rescale."""
    mixed = np.round(0.97 * shares + 0.03 / shares.shape[-1], 6)
    return mixed / mixed.sum(axis=-1, keepdims=True)


def passages(
    spread: Spread, key: tuple[Label, ...], writer: np.ndarray, subject: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return the texts and the log likelihood of each under every writer, float (n, writers)."""
    habits = _habits(spread, stream(*key, "habits"))
    words = Lexicon(stream(*key, "lexicon")).words(CONTENT)
    rng = stream(*key, "text")
    length = rng.randint(spread.words[0], spread.words[1] + 1, size=len(writer))
    row = np.repeat(np.arange(len(writer)), length)
    by, about = writer[row], subject[row]
    small = rng.random_sample(len(row)) < 0.45
    content_choice = _choose(
        habits.content.reshape(-1, CONTENT), about * len(habits.small) + by, rng
    )
    chosen = {
        name: _choose(getattr(habits, name), by, rng)
        for name in ("small", "endings", "signs", "stops", "pauses")
    }
    last = np.append(row[1:] != row[:-1], True)
    ends = (chosen["pauses"] == 1) | last
    texts = _written(words, small, content_choice, chosen, ends, row)
    token = np.where(
        small[:, None],
        np.log(habits.small)[:, chosen["small"]].T,
        np.log(habits.content)[about, :, content_choice]
        + np.log(habits.endings)[:, chosen["endings"]].T,
    )
    token += np.where(last[:, None], 0.0, np.log(habits.pauses)[:, chosen["pauses"]].T)
    token += np.where(
        ends[:, None],
        np.log(habits.stops)[:, chosen["stops"]].T,
        np.log(habits.signs)[:, chosen["signs"]].T,
    )
    evidence = np.zeros((len(writer), len(habits.small)))
    np.add.at(evidence, row, np.round(token, 6))
    return texts, evidence


def _choose(tables: np.ndarray, which: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Draw one choice from the table of each item, int (n,)."""
    edges = np.round(tables.cumsum(axis=1), 9)
    offset = np.arange(len(tables))[:, None]  # one sorted line of all tables, one search
    line = (edges + offset).ravel()
    units = np.minimum(rng.random_sample(len(which)), 1 - 1e-8) + which
    return np.minimum(
        np.searchsorted(line, units, side="right") - which * edges.shape[1], edges.shape[1] - 1
    )


def _written(
    words: list[str],
    small: np.ndarray,
    content: np.ndarray,
    chosen: dict[str, np.ndarray],
    ends: np.ndarray,
    row: np.ndarray,
) -> list[str]:
    """Join the tokens of every passage, with a capital after every stop."""
    texts: list[list[str]] = [[] for _ in range(int(row[-1]) + 1)]
    fresh = True
    tokens = zip(
        small.tolist(),
        content.tolist(),
        *(chosen[name].tolist() for name in ("small", "endings", "signs", "stops")),
        ends.tolist(),
        row.tolist(),
        strict=True,
    )
    for is_small, place, short, ending, sign, stop, end, at in tokens:
        word = SMALL[short] if is_small else words[place] + ("", *ENDINGS)[ending]
        shown = word.capitalize() if fresh else word
        texts[at].append(shown + (STOPS[stop] if end else SIGNS[sign]))
        fresh = end
    return [" ".join(parts) for parts in texts]
