"""Sounds as arrays: tones from a table, sweeps, envelopes and noise, the same on every processor.

Clips are rows: arrays are float (clips, samples), times are in seconds from the start of a clip. Phases
come from sums and products only, and the wave itself from a table of rounded values, so no sample
depends on how a machine computes a sine.
"""

import numpy as np

TABLE_SIZE = 4096
TABLE = np.round(np.sin(2 * np.pi * np.arange(TABLE_SIZE) / TABLE_SIZE), 9)
"""One turn of a sine; looked up without interpolation its error is below -60 dB."""


def tone(turns: np.ndarray) -> np.ndarray:
    """Return the sine of phases given in turns; they must be at least 0."""
    return TABLE[(turns * TABLE_SIZE).astype(np.int64) & (TABLE_SIZE - 1)]


def sweep_turns(elapsed: np.ndarray, start: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return the phase, in turns, of linear sweeps.

    Args:
        elapsed: Seconds since the onset, (clips, samples) or (samples,).
        start: Frequency at the onset, Hz, (clips, 1).
        rate: Change of frequency, Hz per second, (clips, 1).
    """
    return (start + 0.5 * rate * elapsed) * elapsed


def bump(place: np.ndarray) -> np.ndarray:
    """Return a smooth envelope of height 1 over `place` from 0 to 1, and 0 outside."""
    inside = np.clip(place, 0, 1)
    return 16 * (inside * (1 - inside)) ** 2


def rumble(rng: np.random.RandomState, clips: int, samples: int, step: int) -> np.ndarray:
    """Return noise of low frequencies: one normal value every `step` samples, joined by lines."""
    knots = rng.normal(size=(clips, samples // step + 2))
    place = np.arange(samples) / step
    left = place.astype(np.int64)
    weight = place - left
    return knots[:, left] * (1 - weight) + knots[:, left + 1] * weight


def pcm(waves: np.ndarray, full_scale: float) -> np.ndarray:
    """Return 16-bit samples; `full_scale` is the largest value that is not clipped."""
    return np.clip(np.rint(waves * (32767 / full_scale)), -32767, 32767).astype(np.int16)
