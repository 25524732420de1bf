"""Clips as files: one WAV per row, named after nothing but its id."""

from collections.abc import Sequence

import numpy as np

from sandmle_gym.families.media import wav

FOLDER = "clips/"


def clip_names(ids: Sequence[str]) -> list[str]:
    """Return the path of the clip of every id."""
    return [f"{FOLDER}{name}.wav" for name in ids]


def clip_files(names: Sequence[str], sounds: np.ndarray, rate: int) -> dict[str, bytes]:
    """Return path -> content; sounds are int16 (clips, samples), all equally long."""
    return {name: wav(sound, rate) for name, sound in zip(names, sounds, strict=True)}
