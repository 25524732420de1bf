"""What the witness programs of ranking tasks are made of; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201, ANN202

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge


def bought(log, users, items):
    """Return how often each user bought each item, and when last (-1 for never); the log is in order."""
    user, item, hour = log.iloc[:, 0], log.iloc[:, 1], log.iloc[:, 2].to_numpy()
    row, column = users.get_indexer(user), items.get_indexer(item)
    count, last = np.zeros((len(users), len(items))), np.full((len(users), len(items)), -1.0)
    np.add.at(count, (row, column), 1)
    last[row, column] = hour
    return row, column, hour, count, last


def next_baskets(cells, items):
    """Return which items are in each basket, 0 or 1."""
    return np.array([[item in cell.split() for item in items] for cell in cells], dtype=float)


def popularity(baskets, count):
    """Return the log of how often each item was bought, by all and in the baskets to be predicted."""
    return np.log(count.sum(axis=0) + 1), np.log(baskets.sum(axis=0) + 1)


def cycles(row, column, hour, items):
    """Return the usual time between two purchases of each item by the same user."""
    order = np.lexsort((hour, column, row))
    row, column, hour = row[order], column[order], hour[order]
    again = (row[1:] == row[:-1]) & (column[1:] == column[:-1])
    gap, item = np.diff(hour)[again], column[1:][again]
    return np.array(
        [np.median(gap[item == k]) if (item == k).any() else np.median(gap) for k in range(items)]
    )


def companions(row, column, hour, items, users):
    """Return the log lift of each item after the last one of each user, by what followed what in the log."""
    order = np.lexsort((hour, row))
    row, column = row[order], column[order]
    same = row[1:] == row[:-1]
    pairs = np.zeros((items, items))
    np.add.at(pairs, (column[:-1][same], column[1:][same]), 1)
    share = np.bincount(column, minlength=items) / len(column)
    lift = np.log((pairs + 5 * share) / ((pairs.sum(axis=1) + 5)[:, None] * share))
    newest = np.zeros(users, int)
    newest[row] = column
    return lift[newest]


def tastes(row, column, circle, sorts):
    """Return the log share of each item's sort in the purchases of each user's circle, beside all circles."""
    groups, place = np.unique(circle, return_inverse=True)
    kinds, kind = np.unique(sorts, return_inverse=True)
    table = np.zeros((len(groups), len(kinds)))
    np.add.at(table, (place[row], kind[column]), 1)
    share = (table + 1) / (table + 1).sum(axis=1, keepdims=True)
    return np.log(share / share.mean(axis=0))[place][:, kind]


def spread_out(columns, shape):
    """Stack features of users (n, 1), of items (k,) and of pairs (n, k) as (n, k, features)."""
    return np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1).astype(float)


def pointwise(features, baskets):
    """Return scores of items: the mean log odds of boosted trees and of a logistic regression."""
    n, width = len(baskets), features.shape[2]
    flat = features.reshape(-1, width)
    flat = (flat - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-9)
    fit, target = flat[: baskets.size], baskets.ravel()
    trees = LGBMClassifier(n_estimators=80, learning_rate=0.06, num_leaves=8, n_jobs=1, verbose=-1)
    scores = np.zeros(len(flat) - len(fit))
    for model in (trees, LogisticRegression(C=0.3, max_iter=300)):
        both = np.asarray(model.fit(fit, target).predict_proba(flat[len(fit) :]))
        chance = both[:, 1].clip(1e-6, 1 - 1e-6)
        scores += np.log(chance / (1 - chance))
    return scores.reshape(len(features) - n, -1)


def choice_model(features, baskets):
    """Return scores of a conditional logit (McFadden 1974), fitted to what the baskets hold."""
    n, width = len(baskets), features.shape[2]
    flat = features.reshape(-1, width)
    scaled = (features - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-9)
    size = baskets.sum(axis=1)

    def loss(weights):
        score = scaled[:n] @ weights
        score = score - score.max(axis=1, keepdims=True)
        share = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        slope = np.einsum("nk,nkf->f", share * size[:, None] - baskets, scaled[:n])
        return -(baskets * np.log(share + 1e-12)).sum() + 0.5 * weights @ weights, slope + weights

    return scaled[n:] @ minimize(loss, np.zeros(width), jac=True).x


def best_items(scores, items, depth):
    """Return the names of the items with the highest scores, best first."""
    return [
        " ".join(items[k] for k in row)
        for row in (-scores).argsort(axis=1, kind="stable")[:, :depth]
    ]


def by_grade(cells, letters):
    """Return the grade of each candidate; not a number where it is to be predicted."""
    told = cells.where(cells.notna(), "").astype(str)
    grades = [dict(part.split(":") for part in cell.split()) for cell in told]
    return np.array(
        [float(row.get(letter, "nan")) for row, letter in zip(grades, letters, strict=True)]
    )


def by_place(cells, letters):
    """Return how far from the end of the order each candidate is; not a number where it is unknown."""
    told = cells.where(cells.notna(), "").astype(str)
    orders = [cell.split() for cell in told]
    return np.array(
        [
            len(row) - row.index(letter) if row else np.nan
            for row, letter in zip(orders, letters, strict=True)
        ],
        dtype=float,
    )


def beside_rivals(values, owner):
    """Return how far a value lies from the mean of the list."""
    return values - values.groupby(owner).transform("mean")


def rivals_blend(table, target, owner):
    """Return scores of candidates: boosted trees and a ridge regression of how far from its list."""
    matrix = pd.get_dummies(table, dtype=float).to_numpy()
    matrix = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    goal = beside_rivals(pd.Series(target), owner).to_numpy()
    known = np.isfinite(goal)
    trees = LGBMRegressor(n_estimators=120, learning_rate=0.06, num_leaves=8, n_jobs=1, verbose=-1)
    models = [model.fit(matrix[known], goal[known]) for model in (trees, Ridge(3.0))]
    return np.sum([model.predict(matrix) for model in models], axis=0)


def duels(features, target, owner):
    """Return scores of a linear model of which of two rivals is better (Bradley and Terry 1952)."""
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    rows = np.flatnonzero(np.isfinite(target))
    places = pd.Series(rows).groupby(owner.to_numpy()[rows]).apply(list)
    pairs = np.array([(a, b) for row in places for a in row for b in row if target[a] > target[b]])
    step = scaled[pairs[:, 0]] - scaled[pairs[:, 1]]
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=300)
    model.fit(np.concatenate([step, -step]), np.repeat([1, 0], len(step)))
    return scaled @ model.coef_[0]


def list_best(scores, owner, letters, asked, depth):
    """Return the letters of each list that is asked for, from the highest score down."""
    ranked = pd.DataFrame(
        {"owner": owner.to_numpy(), "letter": letters.to_numpy(), "score": scores}
    )
    ranked = ranked.sort_values("score", ascending=False, kind="stable")
    lists = ranked.groupby("owner")["letter"].apply(lambda names: " ".join(names[:depth]))
    return lists.reindex(asked).to_numpy()
