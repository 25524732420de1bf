"""Metrics of texts: object arrays (n,) of strings, white space already collapsed, on both sides."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from sandmle_gym.metrics.registry import metric
from sandmle_gym.spec import Form


def edit_distance(left: Sequence, right: Sequence) -> int:
    """The least number of insertions, deletions and substitutions that turn one sequence into the other.

    Bit-parallel over the shorter one (Myers 1999, in the form of Hyyrö 2001): some ten operations on an
    integer of its length per element of the longer one, so that two texts of 2000 characters take 2 ms.
    """
    if len(left) > len(right):
        left, right = right, left
    if not left:
        return len(right)
    size = len(left)
    places: dict[object, int] = {}
    for position, element in enumerate(left):
        places[element] = places.get(element, 0) | 1 << position
    full, last = (1 << size) - 1, 1 << (size - 1)
    rises, falls, distance = full, 0, size
    for element in right:
        equal = places.get(element, 0)
        vertical = equal | falls
        horizontal = (((equal & rises) + rises) ^ rises) | equal
        up = falls | (full & ~(horizontal | rises))
        down = rises & horizontal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1) | 1, down << 1
        rises = full & (down | ~(vertical | up))
        falls = full & up & vertical
    return distance


def _each(measure: Callable[[str, str], object]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Make row statistics of a measure of two texts."""

    def rows(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        return np.array(list(map(measure, truth, prediction)), dtype=float)

    return rows


def _similarity(truth: str, prediction: str) -> float:
    longer = max(len(truth), len(prediction))
    return 1 - edit_distance(truth, prediction) / longer if longer else 1.0


def _word_jaccard(truth: str, prediction: str) -> float:
    left, right = set(truth.lower().split()), set(prediction.lower().split())
    return len(left & right) / len(left | right) if left or right else 1.0


def _word_f1(truth: str, prediction: str) -> float:
    left, right = Counter(truth.lower().split()), Counter(prediction.lower().split())
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def _word_errors(truth: str, prediction: str) -> tuple[int, int]:
    words = truth.split()
    return edit_distance(words, prediction.split()), len(words)


def _spans(truth: str, prediction: str) -> tuple[bool, bool, bool]:
    return bool(truth) and truth == prediction, bool(truth), bool(prediction)


@metric("accuracy of texts", Form.TEXT, better="higher", bounds=(0, 1))
def accuracy_text(truth: np.ndarray, prediction: np.ndarray) -> float:
    """The share of rows whose text is predicted exactly, upper and lower case apart, from 0 to 1."""
    return float((truth == prediction).mean())


@metric(
    "mean Levenshtein distance",
    Form.TEXT,
    better="lower",
    bounds=(0, np.inf),
    rows=_each(edit_distance),
    about=(
        "The mean number of characters to insert, delete or replace to get from one text to the "
        "other; 0 is perfect."
    ),
)
def levenshtein(rows: np.ndarray) -> float:
    """The mean edit distance of two texts, in characters."""
    return float(rows.mean())


@metric("mean edit similarity", Form.TEXT, better="higher", bounds=(0, 1), rows=_each(_similarity))
def edit_similarity(rows: np.ndarray) -> float:
    """The mean over rows of 1 - Levenshtein distance / length of the longer text, from 0 to 1.

    Two empty texts count 1.
    """
    return float(rows.mean())


@metric("word error rate", Form.TEXT, better="lower", bounds=(0, np.inf), rows=_each(_word_errors))
def word_error_rate(rows: np.ndarray) -> float:
    """The number of words to insert, delete or replace, over all rows, per true word; 0 is perfect.

    MLE-bench's "Levenshtein / total tokens". Without any true word, the number of errors itself.
    """
    errors, words = rows.sum(axis=0)
    return float(errors / max(words, 1.0))


@metric("mean word Jaccard", Form.TEXT, better="higher", bounds=(0, 1), rows=_each(_word_jaccard))
def jaccard_words(rows: np.ndarray) -> float:
    """The mean over rows of shared words / words in either text, upper and lower case alike, from 0 to 1.

    Two empty texts count 1 (0.5 in the code of one Kaggle competition).
    """
    return float(rows.mean())


@metric("mean word F1", Form.TEXT, better="higher", bounds=(0, 1), rows=_each(_word_f1))
def f1_words(rows: np.ndarray) -> float:
    """The mean over rows of the F1 score of the predicted words, upper and lower case alike, from 0 to 1.

    Words count as often as they occur (SQuAD's F1). Two empty texts count 1.
    """
    return float(rows.mean())


@metric("micro F1 of answers", Form.TEXT, better="higher", bounds=(0, 1), rows=_each(_spans))
def f1_text(rows: np.ndarray) -> float:
    """The F1 score over all answers that are given or wanted, from 0 to 1; an empty text is no answer.

    A given answer is right only if it equals the true one. It is 1 where none is given nor wanted.
    """
    hits, wanted, given = rows.sum(axis=0)
    return float(2 * hits / (wanted + given)) if wanted + given else 1.0
