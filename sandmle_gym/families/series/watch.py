"""Windows of two coupled sensors in several modes: some faulty, some only alarming to look at."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]

FINE, UNCOUPLED, STUCK, MISPLACED = range(4)
"""What is wrong with a window."""

DIGITS = 3


class Coupling(Frozen):
    """How the second sensor follows the first, and how often what goes wrong."""

    lag: int = Field(ge=1, le=5)
    """Samples by which the second sensor is late."""
    faults: tuple[Share, Share, Share]
    """Shares of uncoupled, stuck and misplaced windows."""
    jolts: Share
    """Share of windows with harmless jolts."""
    stuck: int = Field(ge=4, le=12)
    """Samples for which a stuck sensor repeats itself."""


@dataclass(frozen=True)
class Windows:
    """Drawn windows; sensor values are rounded to `DIGITS`."""

    fault: np.ndarray
    """int (windows,)"""
    mode: np.ndarray
    first: np.ndarray
    """float (windows, samples), about standardised."""
    second: np.ndarray


def draw_windows(
    coupling: Coupling, noise: float, modes: int, shape: tuple[int, int], *key: Label
) -> Windows:
    """Draw (windows, samples).

    Args:
        coupling: How the sensors belong together.
        noise: Standard deviation of the second sensor around what it follows.
        modes: How many there are.
        shape: Windows and samples.
        key: First labels of the random streams.
    """
    count, samples = shape
    rng = stream(*key, "faults")
    bounds = np.cumsum(coupling.faults)
    place = np.searchsorted(bounds, rng.random_sample(count), side="right")
    fault = np.where(place < len(bounds), place + 1, FINE)
    mode = rng.randint(modes, size=count)
    level = np.linspace(-1.8, 1.8, modes)[rng.permutation(modes)]
    shown = np.where(
        fault == MISPLACED, (mode + 1 + rng.randint(modes - 1, size=count)) % modes, mode
    )
    rng = stream(*key, "sensors")
    drive, other = (_wandering(count, samples + coupling.lag, rng) for _ in range(2))
    followed = np.where((fault == UNCOUPLED)[:, None], other, drive)[:, :samples]
    first = drive[:, coupling.lag :] + 0.1 * rng.normal(size=shape)
    second = level[shown][:, None] + followed + noise * rng.normal(size=shape)
    _stick(first, np.flatnonzero(fault == STUCK), coupling.stuck, rng)
    jolted = np.flatnonzero(rng.random_sample(count) < coupling.jolts)
    for values in (first, second):
        where = rng.randint(samples, size=(len(jolted), 2))
        values[jolted[:, None], where] += 3.5 * rng.choice([-1.0, 1.0], size=where.shape)
    return Windows(fault, mode, np.round(first, DIGITS), np.round(second, DIGITS))


def _wandering(count: int, samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Return a slow random walk that is drawn back to 0, of variance about 1."""
    waves = np.zeros((count, samples))
    now = rng.normal(size=count)
    for step in range(samples):
        now = 0.8 * now + 0.6 * rng.normal(size=count)
        waves[:, step] = now
    return waves


def _stick(values: np.ndarray, rows: np.ndarray, length: int, rng: np.random.RandomState) -> None:
    """Let these rows repeat one value for a while, up to a tremble in the last digit."""
    start = rng.randint(1, values.shape[1] - length, size=len(rows))
    held = values[rows, start]
    for step in range(length):
        values[rows, start + step] = held + 0.02 * rng.normal(size=len(rows))
