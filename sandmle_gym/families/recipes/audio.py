"""Witness functions for sounds: reading clips, spectrograms, ridges, matched filters."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import wave

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def read_clips(names):
    """Return the samples of equally long WAV files as a matrix, a row per clip."""
    clips = []
    for name in names:
        with wave.open(name) as clip:
            clips.append(np.frombuffer(clip.readframes(clip.getnframes()), "<i2"))
    return np.array(clips) / 4096


def spectrogram(clips, size, hop, low, high):
    """Return log power as (clips, frames, frequencies); low and high are shares of the sampling rate."""
    frames = np.lib.stride_tricks.sliding_window_view(clips, size, axis=1)[:, ::hop]
    bins = slice(int(low * size), int(np.ceil(high * size)) + 1)
    spectrum = np.fft.rfft(frames * np.hanning(size), axis=2)[:, :, bins]
    return np.log(np.abs(spectrum) ** 2 + 1e-3)


def ridge_strengths(picture, span=15):
    """Return, per clip and slope, the largest mean along a sloping line that is `span` frames long."""
    flat = picture - np.median(picture, axis=1, keepdims=True)
    frames = flat.shape[1] - span + 1
    strengths = []
    for slope in np.linspace(-1, 1, 9):
        line = np.zeros((len(flat), frames, flat.shape[2]))
        for step in range(span):
            shift = -round(slope * (step - span // 2))
            line = line + np.roll(flat[:, step : step + frames], shift, axis=2)
        strengths.append(line[:, :, 3:-3].max(axis=(1, 2)) / span)
    return np.column_stack(strengths)


def whitened_spectrum(clips, low, high, size=2048):
    """Return the complex spectrum within a band, of equal level in all clips and without steady tones."""
    bins = slice(int(low * size), int(high * size))
    spectrum = np.fft.rfft(clips, size)[:, bins]
    height = np.abs(spectrum)
    level = np.median(height, axis=1, keepdims=True)
    return {
        "size": size,
        "bins": bins,
        "values": spectrum * np.minimum(1, 3 * level / height) / level,
    }


def filtered_peak(spectrum, way, lengths, extents, centres, samples):
    """Return the largest envelope over time of a bank of sweeps that rise (1), fall (-1) or stay (0)."""
    size, bins, steps = spectrum["size"], spectrum["bins"], 512
    best = np.zeros(len(spectrum["values"]))
    for length in lengths * samples:
        time = np.arange(int(length)) / length
        bell = (time * (1 - time)) ** 2
        for extent in extents if way else (0,):
            for centre in centres:
                turns = length * ((centre - way * extent / 2) * time + way * extent * time**2 / 2)
                sweep = np.fft.fft(bell * np.exp(2j * np.pi * turns), size)[bins]
                sweep /= np.sqrt(np.sum(np.abs(sweep) ** 2))
                echo = np.fft.ifft(spectrum["values"] * sweep.conj(), steps) * steps / 4
                within = int(steps * (samples - length) / size)
                best = np.maximum(best, np.abs(echo[:, :within]).max(axis=1))
    return best


def call_probability(features, target):
    """Return test probabilities of a logistic regression, its penalty chosen by fold."""
    n, tried = len(target), {}
    for strength in STRENGTHS:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        guess = np.array(
            cross_val_predict(model, features[:n], target, cv=4, method="predict_proba")
        )
        given = np.clip(guess[np.arange(n), target], 1e-6, 1)
        tried[strength] = (-np.log(given).mean(), model)
    _, best = tried[min(tried, key=lambda strength: tried[strength][0])]
    return best.fit(features[:n], target).predict_proba(features[n:])[:, 1]


def distinct_clips(names):
    """Return the samples of the different files among names, and for every name the row of its file."""
    codes, files = pd.factorize(names)
    return read_clips(files), codes


def standard(values):
    """Return columns of mean 0 and variance 1."""
    return (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9)


def by_kind(features, kind):
    """Return standardised features in one block of columns per kind, 0 in the rows of other kinds."""
    features = standard(features.reshape(len(kind), -1))
    return (features[:, None, :] * kind[:, :, None]).reshape(len(kind), -1)


def without_rain(picture):
    """Return a spectrogram less what all frequencies of a frame have in common."""
    return np.clip(picture - np.median(picture, axis=2, keepdims=True), -2, 6)


def rhythms(picture):
    """Return how strongly groups of frequencies pulse, at slow, middle and fast rates."""
    moving = picture - picture.mean(axis=1, keepdims=True)
    rates = np.abs(np.fft.rfft(moving, axis=1))
    groups = np.array_split(np.arange(picture.shape[2]), 2)
    spans = (slice(4, 8), slice(8, 12), slice(12, 16), slice(16, 22))
    return np.log(
        np.stack(
            [rates[:, span][:, :, group].mean(axis=(1, 2)) for group in groups for span in spans]
        )
    ).T


def pulse_train(clips, pitch, glide, pulses, duty, length):
    """Return, per clip, log strength of a train of pulses at its best time, and the level of pulses."""
    samples, step = clips.shape[1], 16
    time = np.arange(int(duty * samples / pulses)) * pulses / (duty * samples)
    spectrum = np.fft.rfft(clips, 2 * samples)
    strongest = np.zeros((len(clips), samples // step))
    for shift in (0.97, 1.0, 1.03):
        turns = len(time) * pitch * shift * (time + glide * time**2 / 2)
        pulse = np.fft.fft((time * (1 - time)) ** 2 * np.exp(2j * np.pi * turns), 2 * samples)
        echo = np.fft.ifft(spectrum * pulse[: samples + 1].conj(), 2 * samples)[:, :samples]
        power = np.abs(echo[:, : samples // step * step]) ** 2
        strongest = np.maximum(strongest, power.reshape(len(clips), -1, step).mean(axis=2))
    level = np.log(strongest / np.median(strongest) + 0.1)
    moving = np.minimum(level - np.median(level, axis=1, keepdims=True), 2.5)
    moving -= moving.mean(axis=1, keepdims=True)
    frames = level.shape[1]
    span = int(length * frames)
    best = np.zeros(len(level))
    for rate in pulses * np.array([0.94, 0.98, 1.02, 1.06]):
        wave = np.hanning(span) * np.exp(2j * np.pi * rate * np.arange(span) / frames)
        wave -= wave.mean()
        size = 2 * frames
        echo = np.fft.ifft(np.fft.fft(moving, size) * np.fft.fft(wave, size).conj())
        best = np.maximum(best, np.abs(echo[:, : frames - span + 1]).max(axis=1))
    return np.column_stack([np.log(best / np.sqrt(span) + 0.05), level.mean(axis=1)])


def grouped_probability(features, target, groups):
    """Return test probabilities of a logistic regression, its penalty chosen by folds of whole groups."""
    n, tried = len(target), {}
    for strength in (0.001, *STRENGTHS):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        guess = np.array(
            cross_val_predict(
                model,
                features[:n],
                target,
                groups=groups[:n],
                cv=GroupKFold(5),
                method="predict_proba",
            )
        )
        given = np.clip(guess[np.arange(n), target], 1e-6, 1)
        tried[strength] = (-np.log(given).mean(), model)
    _, best = tried[min(tried, key=lambda strength: tried[strength][0])]
    return best.fit(features[:n], target).predict_proba(features[n:])[:, 1]


def above_f1(probability):
    """Return which rows to call positive so that the expected F1 is highest."""
    order = np.argsort(-probability)
    hits, called = np.cumsum(probability[order]), np.arange(1, len(order) + 1)
    best = np.argmax(2 * hits / (called + probability.sum()))
    return probability >= probability[order[best]]
