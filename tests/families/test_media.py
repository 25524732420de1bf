"""Written images and sounds are read back as they were by other people's readers."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sandmle_gym.families.media import png, wav

SIZES = st.integers(1, 300)


@given(SIZES, SIZES, st.booleans(), st.integers(0, 2**32 - 1))
def test_an_image_survives(height, width, coloured, seed):
    shape = (height, width, 3) if coloured else (height, width)
    pixels = np.random.RandomState(seed).randint(256, size=shape).astype(np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


@given(st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1), st.integers(1, 48_000))
def test_a_sound_survives(values, rate):
    samples = np.array(values, np.int16)
    with wave.open(io.BytesIO(wav(samples, rate))) as sound:
        assert sound.getparams()[:3] == (1, 2, rate)
        assert np.array_equal(np.frombuffer(sound.readframes(len(samples)), "<i2"), samples)


def test_the_size_of_an_image_follows_from_its_shape_alone():
    blank, noisy = np.zeros((32, 32), np.uint8), np.arange(1024).astype(np.uint8).reshape(32, 32)
    assert len(png(blank)) == len(png(noisy))


@pytest.mark.parametrize("pixels", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8)])
def test_other_arrays_are_refused(pixels):
    with pytest.raises(ValueError, match="uint8"):
        png(pixels)
    with pytest.raises(ValueError, match="int16"):
        wav(pixels, 2000)
