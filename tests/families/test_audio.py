"""Laws of sounds: what an ear could not use, a feature cannot use either."""

import io
import wave

import numpy as np
import pytest

from sandmle_gym.families.audio.scene import FLAT, REVERSED, SILENT, SOUGHT, draw_scene
from sandmle_gym.families.audio.synth import bump, pcm, tone
from sandmle_gym.families.audio_upcall import UpcallKnobs
from sandmle_gym.families.registry import get_family


def cards_of(family, cards):
    return [slug for slug, card in cards.items() if card.family == family]


def samples(bundle, names):
    clips = []
    for name in names:
        with wave.open(io.BytesIO(bundle.public[name])) as clip:
            assert (clip.getnchannels(), clip.getsampwidth()) == (1, 2)
            clips.append(np.frombuffer(clip.readframes(clip.getnframes()), "<i2"))
    return np.array(clips, dtype=float)


def test_a_tone_is_a_sine():
    turns = np.linspace(0, 50, 9999)
    assert np.abs(tone(turns) - np.sin(2 * np.pi * turns)).max() < 2e-3


def test_an_envelope_is_smooth_and_stays_in_its_place():
    place = np.linspace(-1, 2, 3001)
    envelope = bump(place)
    assert envelope.max() == pytest.approx(1)
    assert not envelope[(place <= 0) | (place >= 1)].any()
    assert np.abs(np.diff(envelope)).max() < 0.01


def test_samples_are_clipped_not_wrapped():
    loud = pcm(np.array([-99.0, 99.0]), 1.0)
    assert loud.tolist() == [-32767, 32767]


def test_a_call_its_mirror_image_and_a_level_call_are_equally_loud(cards):
    for slug in cards_of("audio_upcall", cards):
        card = cards[slug]
        kind = np.repeat([SOUGHT, REVERSED, FLAT, SILENT], 300)
        scene = draw_scene(kind, card.call, card.place, 4.0, card.samples, "loudness", slug)
        power = (scene.sounds.astype(float) ** 2).mean(axis=1).reshape(4, 300)
        error = power.std(axis=1).max() / np.sqrt(300)
        assert np.ptp(power[:3].mean(axis=1)) < 5 * error
        assert power[3].mean() < power[:3].mean() - 5 * error


def test_times_lean_on_labels_in_train_only(cards, draw, read):
    for slug in cards_of("audio_upcall", cards):
        for index in range(3):
            bundle = draw(slug, index)
            knobs = UpcallKnobs.model_validate(bundle.private.spec.knobs)
            train, answers = read(bundle.public["train.csv"]), read(bundle.private.answers)
            test = read(bundle.public["test.csv"])
            known = [float(cell) for cell in train[knobs.target.name]]
            asked = [float(cell) for cell in answers[knobs.target.name]]
            assert abs(lean(test[knobs.moment.name], asked)) < 4.5
            assert (lean(train[knobs.moment.name], known) < -4) == knobs.drift


def lean(moments, label):
    """Return how far the later moments have the larger labels, in standard errors."""
    ranks = np.unique(moments, return_inverse=True)[1]
    return np.corrcoef(ranks, label)[0, 1] * np.sqrt(len(label))


def test_every_pair_is_a_known_recording_and_a_known_voice(cards, draw, read):
    for slug in cards_of("audio_calls", cards):
        bundle = draw(slug, 0)
        knobs = get_family("audio_calls").knobs.model_validate(bundle.private.spec.knobs)
        tables = [read(bundle.public[name]) for name in ("train.csv", "test.csv")]
        pairs = [int(cell) for table in tables for cell in table[knobs.pair.name]]
        voices = {int(cell) for cell in read(bundle.public["species.csv"])["number"]}
        recordings = {int(cell) for cell in read(bundle.public["segments.csv"])["recording"]}
        assert {pair % 100 for pair in pairs} == voices
        assert {pair // 100 for pair in pairs} == recordings
        assert len(set(pairs)) == len(pairs) == len(voices) * len(recordings)


def test_a_recording_is_the_same_file_for_all_its_pairs(cards, draw, read):
    for slug in cards_of("audio_calls", cards):
        bundle = draw(slug, 0)
        knobs = get_family("audio_calls").knobs.model_validate(bundle.private.spec.knobs)
        for name in ("train.csv", "test.csv"):
            table = read(bundle.public[name])
            numbers = [int(cell) // 100 for cell in table[knobs.pair.name]]
            assert len(set(zip(numbers, table[knobs.clip.name], strict=True))) == len(set(numbers))
        assert samples(bundle, table[knobs.clip.name][:5]).std() > 0
