"""Codings of texts, masks and boxes: a few descriptive numbers, and back to the known answer most like them.

No number of a description is the truth itself, so a public column that equals one (the length of a text)
gives nothing away; what may not stand in public is the cell as a whole.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable

import numpy as np

from sandmle_gym.certify.targets import Coding, Guesses
from sandmle_gym.grading import Answers
from sandmle_gym.grading.objects import MAX_BOXES
from sandmle_gym.metrics.boxes import HEIGHT, LABEL, SCORE, WIDTH, X, Y
from sandmle_gym.metrics.masks import paint

FREQUENT = 10
"""How many of the most frequent texts and words are tried and looked at."""
GRID = 8
"""Masks are described by the coverage of as many blocks each way."""
MAX_PAINTED = 2**16
"""Pixels up to which a mean mask is computed."""


class Known(Coding):
    """Answers that are told apart by some descriptive numbers."""

    legible = False

    def __init__(self, answers: Answers) -> None:
        """Describe all true answers."""
        super().__init__(answers)
        self.prepare(answers.truth)
        self.pool, self.described = answers.truth, self.encode(answers.truth)
        self.scale = np.maximum(self.described.std(axis=0), 1e-9)

    def prepare(self, truth: np.ndarray) -> None:
        """Look at all answers before any is described."""

    @abstractmethod
    def describe(self, answer: object) -> Iterable[float]:
        """Return the numbers of one answer."""

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """Describe each answer."""
        return np.array([list(self.describe(answer)) for answer in truth], dtype=float)

    def decode(self, matrix: np.ndarray, truth: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Return the true answer of some row whose description is nearest, in standard deviations."""
        asked, known = matrix / self.scale, self.described / self.scale
        nearest = [((known - row) ** 2).sum(axis=1).argmin() for row in asked]
        return self.pool[nearest]

    def perfect(self, truth: np.ndarray) -> np.ndarray:
        """Return the truth."""
        return truth

    def guesses(self, truth: np.ndarray) -> Guesses:
        """Add answers that are the same for all rows, made up from all of them."""
        yield from super().guesses(truth)
        for name, answer in self.inventions(truth):
            same = np.empty(len(truth), dtype=object)
            same[:] = [answer] * len(truth)
            yield name, same

    @abstractmethod
    def inventions(self, truth: np.ndarray) -> Iterable[tuple[str, object]]:
        """Return named answers that could do well for every row."""


class Texts(Known):
    """Texts by length, words, first and last character, and the frequent words in them."""

    def prepare(self, truth: np.ndarray) -> None:
        """Find the frequent words."""
        counts = Counter(word for text in truth for word in set(text.split()))
        self.words = [word for word, _ in counts.most_common(FREQUENT)]

    def describe(self, answer: object) -> Iterable[float]:
        """Return the numbers of one text."""
        text = str(answer)
        words = set(text.split())
        ends = (ord(text[0]), ord(text[-1])) if text else (0, 0)
        return [len(text), len(text.split()), *ends, *(word in words for word in self.words)]

    def inventions(self, truth: np.ndarray) -> Iterable[tuple[str, object]]:
        """Try the most frequent texts, and the most frequent words in a row."""
        frequent = Counter(truth).most_common(FREQUENT)
        texts = [text for text, _ in frequent]
        texts += [" ".join(self.words[:k]) for k in range(1, len(self.words) + 1)]
        return [(f"always {text[:20]!r}", text) for text in texts]

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the text."""
        return [str(row)]


class Masks(Known):
    """Masks by the coverage of blocks."""

    def describe(self, answer: object) -> Iterable[float]:
        """Return the numbers of one mask."""
        painted = self._paint(answer)
        for axis in (0, 1):
            side = painted.shape[axis]
            edges = np.unique(np.linspace(0, side, GRID + 1)[:-1].astype(int))
            sizes = np.diff(np.append(edges, side))
            sums = np.add.reduceat(painted, edges, axis=axis)
            painted = sums / (sizes[:, None] if axis == 0 else sizes)
        return painted.ravel().tolist()

    def inventions(self, truth: np.ndarray) -> Iterable[tuple[str, object]]:
        """Try no pixel, every pixel, and the pixels that are often set."""
        height, width = self._size
        masks = [
            ("no pixel", np.zeros((0, 2), int)),
            ("every pixel", np.array([[0, height * width]])),
        ]
        if height * width <= MAX_PAINTED:
            share = np.mean([self._paint(mask) for mask in truth], axis=0)
            often = ((cut, _runs(share >= cut)) for cut in (0.05, 0.1, 0.2, 0.3, 0.5))
            masks += [(f"pixels set in {cut:.0%}", runs) for cut, runs in often]
        return masks

    def cells(self, row: np.ndarray) -> list[str]:
        """Write the runs."""
        return [" ".join(f"{start + 1} {end - start}" for start, end in row.tolist())]

    @property
    def _size(self) -> tuple[int, int]:
        return int(self.metric.params["height"]), int(self.metric.params["width"])

    def _paint(self, mask: object) -> np.ndarray:
        return paint(np.asarray(mask), *self._size).astype(float)


class Boxes(Known):
    """Detections by their number, and by the place, size and label of the largest."""

    def describe(self, answer: object) -> Iterable[float]:
        """Return the numbers of the boxes of one image."""
        boxes = np.asarray(answer)
        kinds = max(len(self.schema.labels), 1)
        if not len(boxes):
            return [0.0] * (5 + kinds)
        largest = boxes[(boxes[:, WIDTH] * boxes[:, HEIGHT]).argmax()]
        one_hot = np.arange(kinds) == largest[LABEL]
        return [len(boxes), *largest[[X, Y, WIDTH, HEIGHT]], *one_hot.astype(float)]

    def inventions(self, truth: np.ndarray) -> Iterable[tuple[str, object]]:
        """Try no box, the mean box of each label, and as many of mean size as cover the images."""
        boxes = np.concatenate(list(truth))
        if not len(boxes):
            return [("no box", np.zeros((0, 6)))]
        labels = np.unique(boxes[:, LABEL])
        means = np.array([boxes[boxes[:, LABEL] == label].mean(axis=0) for label in labels])
        means[:, SCORE] = [(boxes[:, LABEL] == label).mean() for label in labels]
        return [
            ("no box", np.zeros((0, 6))),
            ("mean boxes", means[:MAX_BOXES]),
            ("a grid of boxes", _grid(boxes, means[means[:, SCORE].argmax()])),
        ]

    def cells(self, row: np.ndarray) -> list[str]:
        """Write each box."""
        words: list[str] = []
        for box in row.tolist():
            words += [self.schema.labels[int(box[LABEL])]] if self.schema.labels else []
            words += [repr(number) for number in box[1:]]
        return [" ".join(words)]


def _runs(painted: np.ndarray) -> np.ndarray:
    """The runs of a mask bool (height, width), down the columns."""
    steps = np.diff(painted.T.ravel().astype(int), prepend=0, append=0)
    return np.column_stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)])


def _grid(boxes: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Boxes like one, side by side over the range of all, in at most `MAX_BOXES` places."""
    most = int(MAX_BOXES**0.5)
    places = []
    for start, side in ((X, WIDTH), (Y, HEIGHT)):
        low, high = boxes[:, start].min(), (boxes[:, start] + boxes[:, side]).max()
        count = int(np.clip((high - low) // like[side], 1, most))
        places.append(np.linspace(low, max(high - like[side], low), count))
    x, y = (place.ravel() for place in np.meshgrid(*places))
    grid = np.tile(like, (len(x), 1))
    grid[:, X], grid[:, Y] = x, y
    return grid
