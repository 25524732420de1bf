"""Any task's tables as plain numbers: what an agent gets from a generic pipeline without a look at the data.

Numbers stay numbers (blanks become the median), short texts become one-hot columns, longer ones word
weights, pictures coarse pixels, sounds a coarse spectrum. Nothing is learned from the test rows but means.
"""

import io
import wave
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

MAX_CATEGORIES = 12
MAX_WORDS = 40
"""Directions that word weights are reduced to."""
PICTURE_SIDE = 8
SOUND_BANDS = 24


def features(
    train: Mapping[str, Sequence[str]],
    test: Mapping[str, Sequence[str]],
    files: Mapping[str, bytes],
) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised features of train and test rows, floats (rows, k).

    Args:
        train: The columns that both tables have, as text.
        test: The same.
        files: Public files; a cell may name one.
    """
    blocks = [_column(train[name], test[name], files) for name in test]
    matrix = np.concatenate([np.vstack(block) for block in blocks if block is not None], axis=1)
    count = len(next(iter(train.values())))
    middle, spread = matrix[:count].mean(axis=0), matrix[:count].std(axis=0)
    matrix = np.clip((matrix - middle) / np.where(spread > 0, spread, 1.0), -20, 20)
    return matrix[:count], matrix[count:]


def _column(
    train: Sequence[str], test: Sequence[str], files: Mapping[str, bytes]
) -> tuple[np.ndarray, np.ndarray]:
    cells, count = [*train, *test], len(train)
    if all(cell in files for cell in cells):
        whole = np.array([_file(cell, files[cell]) for cell in cells])
        return whole[:count], whole[count:]
    numbers = np.array([_number(cell) for cell in cells])
    if np.isfinite(numbers).sum() > 0.8 * len(cells):
        known = numbers[:count][np.isfinite(numbers[:count])]
        filled = np.where(np.isfinite(numbers), numbers, np.median(known) if known.size else 0.0)
        return filled[:count, None], filled[count:, None]
    if len(set(train)) <= max(len(train) // 4, 2) or not any(" " in cell for cell in train):
        kinds = [kind for kind, _ in Counter(train).most_common(MAX_CATEGORIES)]
        whole = np.array([[cell == kind for kind in kinds] for cell in cells], dtype=float)
        return whole[:count], whole[count:]
    return _words(train, test)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _words(train: Sequence[str], test: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(max_features=3000, sublinear_tf=True, token_pattern=r"\S+")
    known = weights.fit_transform(train)
    size = max(min(MAX_WORDS, known.shape[1] - 1, known.shape[0] - 1), 1)
    reduced = TruncatedSVD(size, random_state=0)
    lengths = [
        np.array([[len(text), len(text.split())] for text in side]) for side in (train, test)
    ]
    left, right = reduced.fit_transform(known), reduced.transform(weights.transform(test))
    return np.hstack([left, lengths[0]]), np.hstack([right, lengths[1]])


def _file(name: str, data: bytes) -> np.ndarray:
    if name.endswith(".png"):
        return _picture(data)
    if name.endswith(".wav"):
        return _sound(data)
    return np.array([len(data)], dtype=float)


def _picture(data: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        colours = np.asarray(image.convert("RGB"), dtype=float)
        coarse = np.asarray(image.convert("L").resize((PICTURE_SIDE, PICTURE_SIDE)), dtype=float)
    whole = colours.reshape(-1, 3)
    return np.concatenate([coarse.ravel(), whole.mean(axis=0), whole.std(axis=0)])


def _sound(data: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(data)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)
    power = np.abs(np.fft.rfft(samples)) ** 2
    bands = [band.mean() for band in np.array_split(power, SOUND_BANDS) if band.size]
    return np.log1p(np.array([*bands, samples.std() ** 2, np.abs(samples).max()]))
