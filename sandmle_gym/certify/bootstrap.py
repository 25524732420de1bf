"""Paired bootstrap: how far apart two submissions really are on the rows they were scored on.

All submissions of a task are scored on the *same* resamples, so the noise that they share (hard
rows are hard for everyone) cancels in a difference.
"""

from dataclasses import dataclass

import numpy as np

from sandmle_gym.metrics import Metric
from sandmle_gym.seeding import Label, stream

DRAWS = 200
"""Resamples; the standard error itself is then known to about 5 %."""


@dataclass(frozen=True)
class Resamples:
    """Row indices, shape (draws, rows), drawn with replacement."""

    rows: np.ndarray

    @classmethod
    def draw(cls, count: int, *key: Label, draws: int = DRAWS) -> "Resamples":
        """Draw resamples of `count` rows from the stream named by `key`."""
        return cls(stream("bootstrap", *key).randint(0, count, size=(draws, count)))

    def scores(self, metric: Metric, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Score every resample, shape (draws,); larger is better."""
        score = metric.scorer(truth, prediction)
        return np.array([metric.signed(score(rows)) for rows in self.rows])


def standard_error(scores: np.ndarray) -> float:
    """Return the standard error from bootstrap scores, or from their paired differences."""
    return float(scores.std(ddof=1))
