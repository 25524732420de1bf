"""Witness functions for series: panels of daily values, sensor snippets, controlled processes."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import Ridge


def daily_table(past, test, place, day):
    """Return past rows, then the rows of `test`, with the number, weekday and day of month of their dates."""
    days = pd.concat([past, test], ignore_index=True)
    dates = pd.to_datetime(days[day])
    days["number"] = (dates - dates.min()).dt.days
    days["weekday"], days["monthday"] = dates.dt.day_of_week, dates.dt.day
    days[place] = days[place].astype("category")
    return days


def dummies(days, column):
    """Return one 0/1 column per value."""
    return pd.get_dummies(days[column], dtype=float).to_numpy()


def relative_log(days, column, place):
    """Return the logarithm of a column relative to the median of its place."""
    usual = days.groupby(place, observed=True)[column].transform("median")
    return np.log(days[column] / usual).to_numpy()[:, None]


def grid(days, column, place, day):
    """Return a column as a table of places by days."""
    return days.pivot_table(index=place, columns=day, values=column, aggfunc="first")


def wake(places, days, running, reach):
    """Return 0/1 columns for how many days ago a deal ended, from a table of where deals run."""
    rows, columns = running.index.get_indexer(places), running.columns.get_indexer(days)
    now = running.to_numpy()
    since = np.zeros((len(rows), reach))
    free = ~now[rows, columns]
    for back in range(1, reach + 1):
        before = free & (columns >= back) & now[rows, np.maximum(columns - back, 0)]
        since[:, back - 1] = before
        free &= ~before
    return since


def shared_effect(part, matrix, target):
    """Return the common effect of one group of columns, fitted beside all others, standardised."""
    known = np.isfinite(target)
    both = np.column_stack([part, matrix])
    model = Ridge(1.0).fit(both[known], target[known])
    effect = part @ model.coef_[: part.shape[1]]
    return (effect - effect.mean()) / effect.std()


def ridge_forecast(matrix, target, penalty):
    """Return forecasts of the rows whose target is missing, and the spread of the residuals of the others."""
    known = np.isfinite(target)
    model = Ridge(penalty).fit(matrix[known], target[known])
    residual = target[known] - model.predict(matrix[known])
    return model.predict(matrix[~known]), residual.std()


def from_log(mean, spread, metric, quantile=0.5):
    """Return the best answer for a metric where the logarithm is normal."""
    shift = {"rmse": spread**2 / 2, "mape": -(spread**2)}.get(metric, spread * norm.ppf(quantile))
    return np.exp(mean + shift)


def at_step(series, asked):
    """Return the value of every row at its own step."""
    return series[np.arange(len(series)), asked]


def leaking(inputs, leak):
    """Return the content of a store that loses a share at every step."""
    store, level = np.zeros(inputs.shape), np.zeros(len(inputs))
    for step in range(inputs.shape[1]):
        level = (1 - leak) * level + inputs[:, step]
        store[:, step] = level
    return store


def zscores(values):
    """Return values of mean 0 and variance 1."""
    return (values - values.mean()) / values.std()


def read_arrays(names):
    """Return the content of equally large `.npy` files, as floats."""
    return np.stack([np.load(name) for name in names]).astype(float)


def channel_moments(snippets):
    """Return simple numbers of every channel: spread, extremes, quantiles, steps."""
    parts = [
        snippets.std(axis=2),
        np.abs(snippets).max(axis=2),
        np.abs(np.diff(snippets)).mean(axis=2),
    ]
    parts += list(np.quantile(snippets, [0.05, 0.25, 0.75, 0.95], axis=2))
    parts.append((snippets**4).mean(axis=2) / (snippets.var(axis=2) ** 2 + 1e-9))
    return np.column_stack(parts)


def pitches(snippets, lowest=0.02, highest=0.3):
    """Return the strongest frequency of each snippet, in turns per sample; channels vote by their share."""
    size = 4 * snippets.shape[2]
    window = np.hanning(snippets.shape[2])
    power = np.abs(np.fft.rfft(snippets * window, size, axis=2)) ** 2
    power = (power / (np.median(power, axis=2, keepdims=True) + 1e-9)).sum(axis=1)
    first, last = int(lowest * size), int(highest * size)
    return (first + power[:, first:last].argmax(axis=1)) / size


def spread_ratio(snippets, near):
    """Return the log ratio of the spread of the far channels to that of the near ones, dead ones left out."""
    spread = snippets.std(axis=2)
    spread = np.where(spread > 0, spread, np.nan)
    return np.log(np.nanmean(spread[:, near:], axis=1) / np.nanmean(spread[:, :near], axis=1))


def level_ratio(snippets, near):
    """Return the log ratio of tremor in the far channels to that in the near ones, dead channels left out."""
    turns = pitches(snippets)[:, None, None] * np.arange(snippets.shape[2])
    window = np.hanning(snippets.shape[2])
    level = np.abs((snippets * window * np.exp(-2j * np.pi * turns)).sum(axis=2))
    level = np.where(snippets.std(axis=2) > 0, level, np.nan)
    return np.log(np.nanmean(level[:, near:], axis=1) / np.nanmean(level[:, :near], axis=1))


def sudden_steps(snippets):
    """Return the share of samples that differ from the one before by far more than usual."""
    steps = np.abs(np.diff(snippets, axis=2))
    usual = np.median(steps, axis=2, keepdims=True)
    return (steps > 4 * usual + 1).mean(axis=2)


def burst_counts(snippets, turns, halving):
    """Return how many bursts, rings that fade, the channels have in common.

    Args:
        snippets: Samples, (snippets, channels, samples).
        turns: Frequency of the ring, in turns per sample.
        halving: Samples in which it fades to a half.
    """
    alive = snippets.std(axis=2, keepdims=True) > 0
    usual = np.median(np.abs(np.diff(snippets)), axis=2, keepdims=True)
    common = np.where(alive, snippets / (usual + 1e-9), 0).sum(axis=1)
    time = np.arange(4 * halving)
    ring = np.exp(2j * np.pi * turns * time) * 0.5 ** (time / halving)
    size = 2 * common.shape[1]
    echo = np.fft.ifft(np.fft.fft(common, size) * np.fft.fft(ring, size).conj())
    echo = np.abs(echo[:, : common.shape[1]])
    around = [np.roll(echo, step, axis=1) for step in range(-6, 7)]
    high = echo > 4.5 * np.median(echo, axis=1, keepdims=True)
    return (high & (echo == np.max(around, axis=0))).sum(axis=1).astype(float)
