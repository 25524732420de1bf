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
