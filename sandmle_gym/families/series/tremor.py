"""Snippets of several sensors before an event: a gliding tremor, near and far sensors, and bursts.

What is left until the event is spread over three independent quantities, each of which shows in one way only.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sandmle_gym.families.audio.synth import tone
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]
CHANNELS = 4
"""The first two sensors are near, the others far."""
NEAR = 2
DEAD = 0.3
"""Share of snippets in which one sensor is dead."""
RING = 0.45
"""Frequency of a burst, in turns per sample."""
DECAY = 3
"""Samples in which a burst fades to a half."""
DIGITS = 6


class Signs(Frozen):
    """How the logarithm of the time that is left shows itself; shares of its variance."""

    glide: Share
    """Pitch of the tremor."""
    ratio: Share
    """Tremor at the far sensors relative to the near ones."""
    bursts: Share
    """Number of bursts."""
    rising: bool
    """Whether the pitch is higher the more time is left."""


@dataclass(frozen=True)
class Snippets:
    """Drawn snippets."""

    mean: np.ndarray
    """float (snippets,): what the signs say of the standardised logarithm of the time that is left."""
    samples: np.ndarray
    """int16 (snippets, channels, samples)"""


def draw_snippets(signs: Signs, shape: tuple[int, int], *key: Label) -> Snippets:
    """Draw (snippets, samples)."""
    count, samples = shape
    rng = stream(*key, "signs")
    hidden = np.round(rng.normal(size=(3, count)).clip(-2.5, 2.5), DIGITS)
    glide, ratio, bursts = hidden
    shares = np.sqrt([signs.glide, signs.ratio, signs.bursts])
    mean = np.round(shares @ hidden / np.sqrt((shares**2).sum()), DIGITS)
    pitch = 0.09 * np.exp((0.35 if signs.rising else -0.35) * glide)
    gain = np.exp(0.8 * rng.normal(size=count))
    strength = np.exp(0.3 * rng.normal(size=count))
    rng = stream(*key, "waves")
    far = strength * np.exp(0.5 * ratio)
    amplitude = np.stack([strength, strength, far, far], axis=1)
    turns = pitch[:, None, None] * np.arange(samples) + rng.random_sample((count, CHANNELS, 1))
    waves = amplitude[:, :, None] * tone(turns)
    waves += 0.8 * rng.normal(size=(count, CHANNELS, samples))
    waves += _bursts(np.rint(np.exp(1.5 - 0.5 * bursts)).astype(int), samples, rng)[:, None]
    dead = (rng.random_sample(count) < DEAD)[:, None] & (
        rng.randint(CHANNELS, size=(count, 1)) == np.arange(CHANNELS)
    )
    waves = np.where(dead[:, :, None], 0, waves * gain[:, None, None])
    return Snippets(mean, np.clip(np.rint(waves * 100), -32767, 32767).astype(np.int16))


def _bursts(count: np.ndarray, samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Return bursts, all alike, at random times: float (snippets, samples)."""
    waves = np.zeros((len(count), samples))
    time = np.arange(4 * DECAY)
    burst = 6.0 * tone(RING * time + 0.25) * 0.5 ** (time // DECAY)
    for number in range(int(count.max())):
        rows = np.flatnonzero(count > number)
        start = rng.randint(0, samples - len(time), size=len(rows))
        waves[rows[:, None], start[:, None] + time] += burst
    return waves
