"""Witness functions for series: panels of daily values, sensor snippets, controlled processes."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.ensemble import IsolationForest
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


def summaries(windows):
    """Return the middle, the spread and the usual step of every window, deaf to single jolts."""
    spread = np.quantile(windows, 0.8, axis=1) - np.quantile(windows, 0.2, axis=1)
    steps = np.median(np.abs(np.diff(windows)), axis=1)
    return np.column_stack([np.median(windows, axis=1), spread, steps])


def isolation(features):
    """Return how easily each row is isolated from the others."""
    forest = IsolationForest(n_estimators=100, random_state=0).fit(features)
    return -forest.score_samples(features)


def surprise(values):
    """Return how far values lie above the usual, squared, in robust standard deviations; at most 64."""
    centre = np.median(values)
    spread = 1.48 * np.median(np.abs(values - centre)) + 1e-9
    return np.clip((values - centre) / spread, 0, 8) ** 2


def longest_still(windows, limit):
    """Return the longest run of steps that are smaller than a limit."""
    still = np.abs(np.diff(windows)) < limit
    longest, now = np.zeros(len(windows)), np.zeros(len(windows))
    for step in still.T:
        now = (now + 1) * step
        longest = np.maximum(longest, now)
    return longest


def unexplained(first, second, lag=0):
    """Return what is left of the second sensor after the first one, `lag` samples earlier or later."""
    follows = second[:, lag:] - np.median(second, axis=1, keepdims=True)
    leads = first[:, : first.shape[1] - lag] - np.median(first, axis=1, keepdims=True)
    return follows - (leads * follows).sum() / (leads**2).sum() * leads


def percentile(score):
    """Return the share of rows with a lower score, ties in the middle."""
    return (rankdata(score) - 0.5) / len(score)
