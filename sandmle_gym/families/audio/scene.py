"""A clip with at most one brief call in a noisy place: what a card says of it, and how it is drawn."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sandmle_gym.families.audio.synth import bump, pcm, rumble, sweep_turns, tone
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Positive = Annotated[float, Field(gt=0)]
Span = tuple[Positive, Positive]

FULL_SCALE = 9.0
"""Loudest sample that is not clipped, in standard deviations of the noise."""

SOUGHT, REVERSED, FLAT, SILENT = range(4)
"""What a clip holds: the call that is sought, its mirror image, a level call, or none."""

RUMBLE_STEP = 16
"""Samples between the knots of the rumble: it stays below a 32nd of the sampling rate."""


class Call(Frozen):
    """A sweep. Frequencies are shares of the sampling rate, times are shares of a clip."""

    low: Span
    """Range of the lower end of the sweep."""
    extent: Span
    """Range of its upper end above the lower one."""
    length: Span
    rising: bool
    """Whether the sought call rises; its mirror image then falls."""


class Place(Frozen):
    """What is heard besides the call, in standard deviations of the white noise."""

    hum: Span
    """Range of the amplitude of a steady tone."""
    rumble: float = Field(ge=0)
    clicks: int = Field(default=0, ge=0, le=20)
    """Clicks in a clip; each is a few samples long and as wide as the spectrum."""


@dataclass(frozen=True)
class Scene:
    """Drawn clips."""

    kind: np.ndarray
    """int (clips,)"""
    sounds: np.ndarray
    """int16 (clips, samples)"""


def draw_kinds(rate: np.ndarray, others: tuple[float, float, float], *key: Label) -> np.ndarray:
    """Draw what each clip holds: the sought call with probability `rate` (clips,), else one of the others."""
    rng = stream(*key, "kind")
    other = np.searchsorted(np.cumsum(others)[:2], rng.random_sample(len(rate))) + 1
    return np.where(rng.random_sample(len(rate)) < rate, SOUGHT, other)


def draw_scene(
    kind: np.ndarray, call: Call, place: Place, loudness: float, samples: int, *key: Label
) -> Scene:
    """Draw clips of `samples` samples; `loudness` is the median amplitude of a call."""
    count = len(kind)
    time = np.arange(samples) / samples
    waves = _calls(kind, call, samples, stream(*key, "call"))
    waves *= loudness * (kind != SILENT)[:, None]
    rng = stream(*key, "noise")
    level = _between(rng, (0.8, 1.2), count)
    waves += level * rng.normal(size=(count, samples))
    waves += place.rumble * rumble(rng, count, samples, RUMBLE_STEP)
    pitch = _between(rng, (call.low[0] / 2, call.low[1] + call.extent[1]), count)
    hum = tone(pitch * samples * time + rng.random_sample((count, 1)))
    waves += _between(rng, place.hum, count) * hum
    for _ in range(place.clicks):
        start = rng.randint(0, samples - 4, size=count)
        for step, height in enumerate((1.0, -0.8, 0.5, -0.2)):
            waves[np.arange(count), start + step] += 6.0 * height
    return Scene(kind, pcm(waves, FULL_SCALE))


def _calls(kind: np.ndarray, call: Call, samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Return one call per clip, of amplitude about 1."""
    count = len(kind)
    length = _between(rng, call.length, count)
    onset = rng.random_sample((count, 1)) * (1 - length)
    low, extent = _between(rng, call.low, count), _between(rng, call.extent, count)
    level = rng.random_sample((count, 1))
    amplitude = 1 + 0.45 * (2 * rng.random_sample((count, 1)) - 1)
    kind = kind[:, None]
    rises = np.where(kind == SOUGHT, call.rising, not call.rising)
    start = np.where(kind == FLAT, low + level * extent, np.where(rises, low, low + extent))
    slope = np.where(kind == FLAT, 0, np.where(rises, extent, -extent)) / length
    time = np.arange(samples) / samples
    elapsed = np.clip(time - onset, 0, length)
    turns = samples * sweep_turns(elapsed, start, slope) + rng.random_sample((count, 1))
    return amplitude * tone(turns) * bump((time - onset) / length)


def _between(rng: np.random.RandomState, span: tuple[float, float], count: int) -> np.ndarray:
    return span[0] + (span[1] - span[0]) * rng.random_sample((count, 1))
