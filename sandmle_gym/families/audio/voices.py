"""Many voices at once: trains of pulses of known pitch and rhythm, sites with their own species, and rain."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sandmle_gym.families.audio.synth import bump, pcm, rumble, tone
from sandmle_gym.families.table import Word
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]

FULL_SCALE = 14.0
DROP = (1.0, -0.7, 0.4, -0.2, 0.1)
"""How a drop rings, sample by sample."""


class Voice(Frozen):
    """The call of one species. Frequencies are shares of the sampling rate, times shares of a clip."""

    name: Word
    pitch: Share
    glide: float = Field(ge=-0.5, le=0.5)
    """Change of the pitch within a pulse, as a share of it."""
    pulses: float = Field(ge=1, le=40)
    """Pulses in a whole clip, were it called through."""
    duty: Share
    """Share of a period that sounds."""
    length: Share


@dataclass(frozen=True)
class Chorus:
    """Drawn recordings."""

    site: np.ndarray
    """int (clips,)"""
    present: np.ndarray
    """bool (clips, voices)"""
    rain: np.ndarray
    """float (clips,): strength, about 1 on average."""
    sounds: np.ndarray
    """int16 (clips, samples)"""


def draw_chorus(
    voices: tuple[Voice, ...],
    habitat: np.ndarray,
    loudness: float,
    shape: tuple[int, int],
    *key: Label,
) -> Chorus:
    """Draw recordings.

    Args:
        voices: What may call.
        habitat: Probability of every voice at every site, (sites, voices).
        loudness: Median amplitude of a voice, in standard deviations of the noise.
        shape: Clips and samples.
        key: First labels of the random streams.
    """
    clips, samples = shape
    rng = stream(*key, "who")
    site = rng.randint(len(habitat), size=clips)
    present = rng.random_sample((clips, len(voices))) < habitat[site]
    rng = stream(*key, "noise")
    rain = np.round(rng.gamma(1.2, 1 / 1.2, size=clips), 6)
    waves = rng.normal(size=shape) * (0.8 + 0.3 * rng.random_sample((clips, 1)))
    waves += 0.8 * rumble(rng, clips, samples, 16)
    waves += _drops(rain, samples, rng)
    waves += loudness * _buzz(voices, shape, rng)
    for place, voice in enumerate(voices):
        heard = np.flatnonzero(present[:, place])
        calls = _calls(voice, len(heard), samples, stream(*key, "voice", place))
        waves[heard] += loudness * calls
    return Chorus(site, present, rain, pcm(waves, FULL_SCALE))


def _drops(rain: np.ndarray, samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Return clicks at random times, about a dozen for a rain of 1."""
    clips = len(rain)
    waves = np.zeros((clips, samples))
    count = rng.poisson(12 * rain)
    for drop in range(int(count.max())):
        falls = np.flatnonzero(count > drop)
        start = rng.randint(0, samples - len(DROP), size=len(falls))
        height = 3 + 6 * rng.random_sample(len(falls))
        for step, ring in enumerate(DROP):
            waves[falls, start + step] += height * ring
    return waves


def _buzz(
    voices: tuple[Voice, ...], shape: tuple[int, int], rng: np.random.RandomState
) -> np.ndarray:
    """Return steady tones at the pitches of the voices, one in each clip, of varied strength."""
    clips, samples = shape
    pitches = np.array([voice.pitch for voice in voices])
    pitch = pitches[rng.randint(len(voices), size=(clips, 1))]
    pitch = pitch * (1 + 0.1 * (2 * rng.random_sample((clips, 1)) - 1))
    strength = 1.2 * rng.random_sample((clips, 1)) ** 2
    return strength * tone(pitch * np.arange(samples) + rng.random_sample((clips, 1)))


def _calls(voice: Voice, count: int, samples: int, rng: np.random.RandomState) -> np.ndarray:
    """Return one call of a voice per clip, of amplitude about 1."""

    def about(value: float, spread: float) -> np.ndarray:
        return value * (1 + spread * (2 * rng.random_sample((count, 1)) - 1))

    length, pulses, pitch = (
        about(voice.length, 0.2),
        about(voice.pulses, 0.06),
        about(voice.pitch, 0.04),
    )
    onset = rng.random_sample((count, 1)) * (1 - length)
    elapsed = np.arange(samples) / samples - onset
    on = (elapsed >= 0) & (elapsed < length)
    place = np.where(on, elapsed, 0) * pulses
    within = (place - np.floor(place)) / voice.duty
    period = voice.duty / pulses
    turns = samples * pitch * (np.where(on, elapsed, 0) + period * voice.glide * within**2 / 2)
    amplitude = about(1.0, 0.6)
    return amplitude * on * tone(turns + rng.random_sample((count, 1)) + 1) * bump(within)
