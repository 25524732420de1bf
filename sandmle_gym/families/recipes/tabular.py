"""What the witness programs of tables are made of; read as text by `programs`, never imported.

Each program gets the functions it calls, and the imports these need, pasted in, so that it stands on
its own. Models are small on purpose: with 50-200 rows a program must take well under a CPU-second.
"""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.stats import norm
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.svm import SVR

BOOSTING = {
    "n_estimators": 60,
    "learning_rate": 0.08,
    "num_leaves": 6,
    "min_child_samples": 5,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.7,
    "n_jobs": 1,
    "verbose": -1,
}


def encode(both):
    """Return two matrices: standardised numbers with one-hot words, and plain numbers with word codes."""
    numbers = both.select_dtypes("number").astype(float)
    words = both.drop(columns=numbers.columns)
    words = words.loc[:, words.nunique() <= 15]
    spread = numbers.std(ddof=0).replace(0, 1)
    standard = ((numbers - numbers.mean()) / spread).clip(-4, 4)
    dummies = pd.get_dummies(words, dtype=float) if len(words.columns) else words
    codes = words.apply(lambda column: column.astype("category").cat.codes)
    return (
        np.column_stack([standard, dummies]).astype(float),
        np.column_stack([numbers, codes]).astype(float),
    )


def fold_values(make, features, target, seed):
    """Return out-of-fold predictions of a regressor."""
    oof = np.zeros(len(target))
    for fit, held in KFold(4, shuffle=True, random_state=seed).split(features):
        oof[held] = make().fit(features[fit], target[fit]).predict(features[held])
    return oof


def blend_values(linear, trees, target, seed):
    """Return out-of-fold and test predictions of a blend of four regressors; train rows come first."""
    n = len(target)
    centre, spread = target.mean(), target.std()
    scaled = (target - centre) / spread
    forest = RandomForestRegressor(
        80,
        min_samples_leaf=2,
        max_features=0.5,
        oob_score=True,
        random_state=seed,
        n_jobs=1,
    ).fit(trees[:n], scaled)
    oof, new = [forest.oob_prediction_], [forest.predict(trees[n:])]
    for make, matrix in (
        (lambda: Ridge(3.0), linear),
        (lambda: SVR(C=2.0), linear),
        (lambda: LGBMRegressor(**BOOSTING, random_state=seed), trees),
    ):
        oof.append(fold_values(make, matrix[:n], scaled, seed))
        new.append(make().fit(matrix[:n], scaled).predict(matrix[n:]))
    weights = blend_weights(oof, lambda mix: np.mean((scaled - mix) ** 2))
    return centre + spread * mixed(weights, oof), centre + spread * mixed(weights, new)


def fold_classes(make, features, target, classes, seed):
    """Return out-of-fold class probabilities of a classifier."""
    oof = np.zeros((len(target), classes))
    for fit, held in StratifiedKFold(4, shuffle=True, random_state=seed).split(features, target):
        oof[held] = class_probabilities(make(), features[fit], target[fit], features[held], classes)
    return oof


def class_probabilities(model, features, target, new, classes):
    """Fit a classifier and return probabilities of all classes, also of those it never saw."""
    probability = np.zeros((new.shape[0], classes))
    model.fit(features, target)
    probability[:, model.classes_] = model.predict_proba(new)
    return probability


def log_loss(target, probability):
    """Return the mean negative log probability of the true class."""
    given = probability[np.arange(len(target)), target] / probability.sum(axis=1)
    return -np.log(np.clip(given, 1e-6, 1)).mean()


def blend_classes(linear, trees, target, classes, seed):
    """Return out-of-fold and test probabilities of a blend of four classifiers; train rows come first."""
    n = len(target)
    forest = RandomForestClassifier(
        80,
        min_samples_leaf=3,
        max_features=0.5,  # pyright: ignore[reportArgumentType]
        oob_score=True,
        random_state=seed,
        n_jobs=1,
    ).fit(trees[:n], target)
    guess = np.zeros((n, classes))
    guess[:, forest.classes_] = forest.oob_decision_function_
    new = np.zeros((len(trees) - n, classes))
    new[:, forest.classes_] = forest.predict_proba(trees[n:])
    oof, new = [guess], [new]
    kernel = rbf_kernel(linear, linear[:n], gamma=0.5 / linear.shape[1])
    for make, matrix in (
        (lambda: LogisticRegression(C=0.3, max_iter=300), linear),
        (lambda: LogisticRegression(C=1.0, max_iter=300), kernel),
        (lambda: LGBMClassifier(**BOOSTING, random_state=seed), trees),
    ):
        oof.append(fold_classes(make, matrix[:n], target, classes, seed))
        new.append(class_probabilities(make(), matrix[:n], target, matrix[n:], classes))
    weights = blend_weights(oof, lambda mix: log_loss(target, mix))
    return mixed(weights, oof), mixed(weights, new)


def blend_weights(predictions, loss, rounds=10):
    """Return the weights of a greedy ensemble (Caruana et al. 2004): add the best one, again and again."""
    counts = np.zeros(len(predictions))
    for _ in range(rounds):
        tried = [loss(mixed(counts + unit, predictions)) for unit in np.eye(len(predictions))]
        counts[int(np.argmin(tried))] += 1
    return counts


def mixed(weights, predictions):
    """Return the weighted mean of predictions."""
    return np.tensordot(weights / weights.sum(), np.array(predictions), axes=1)


def design(both):
    """Return standardised columns, with one-hot words."""
    columns = pd.get_dummies(both, dtype=float)
    return ((columns - columns.mean()) / columns.std(ddof=0).replace(0, 1)).to_numpy()


def linear_values(matrix, target, seed):
    """Return out-of-fold and test predictions of a ridge regression."""
    n = len(target)
    oof = fold_values(lambda: Ridge(0.3), matrix[:n], target, seed)
    return oof, Ridge(0.3).fit(matrix[:n], target).predict(matrix[n:])


def linear_classes(matrix, target, classes, seed):
    """Return out-of-fold and test probabilities of a logistic regression, its penalty chosen by fold."""
    n = len(target)
    tried = {}
    for strength in (0.3, 1.0, 3.0, 10.0, 30.0):
        make = lambda: LogisticRegression(C=strength, max_iter=1000)  # noqa: B023, E731
        tried[strength] = fold_classes(make, matrix[:n], target, classes, seed)
    best = min(tried, key=lambda strength: log_loss(target, tried[strength]))
    model = LogisticRegression(C=best, max_iter=1000)
    return tried[best], class_probabilities(model, matrix[:n], target, matrix[n:], classes)


def completed_times(matrix, target, seen):
    """Return the target with unseen ends replaced by what a line with normal errors expects of them.

    An expectation step and a fit in turn (Schmee and Hahn 1979), for values that are at least as large.
    """
    whole = target.astype(float)
    for _ in range(12):
        fitted = Ridge(3.0).fit(matrix, whole).predict(matrix)
        spread = np.sqrt(np.mean((whole - fitted)[seen] ** 2))
        short = (target - fitted) / spread
        beyond = fitted + spread * norm.pdf(short) / np.maximum(norm.sf(short), 1e-9)
        whole = np.where(seen, target, np.maximum(beyond, target))
    return whole


def best_shift(oof, target, inverse, loss):
    """Return what to add on the working scale so that the loss of the out-of-fold rows is smallest."""
    spread = np.std(oof)
    shifts = np.linspace(-1.5, 1.5, 121) * spread
    return min(shifts, key=lambda shift: (loss(target, inverse(oof + shift)), abs(shift)))


def best_constant(target, loss):
    """Return the number that is the best prediction for all rows."""
    candidates = [target.mean(), *np.quantile(target, np.linspace(0.01, 0.99, 99))]
    return min(candidates, key=lambda constant: loss(target, np.full(len(target), constant)))


def best_weights(oof, target, loss):
    """Return one factor per class; the label with the largest weighted probability is predicted."""
    weights = np.ones(oof.shape[1])
    for _ in range(2):
        for k in range(len(weights)):
            tried = {}
            for factor in np.exp(np.linspace(-1.5, 1.5, 25)):
                attempt = weights.copy()
                attempt[k] *= factor
                tried[factor] = loss(target, (oof * attempt).argmax(axis=1))
            least = min(tried.values())
            weights[k] *= np.median([factor for factor in tried if tried[factor] <= least + 1e-9])
    return weights


def cut(values, cuts):
    """Return the grade of each value: how many cuts lie below it."""
    return np.searchsorted(cuts, values)


def best_cuts(oof, target, grades, loss):
    """Return cut points, first by the shares of the grades, then each moved to where the loss is smallest."""
    shares = np.bincount(target, minlength=grades).cumsum()[:-1] / len(target)
    cuts = np.quantile(oof, shares)
    for _ in range(2):
        for k in range(grades - 1):
            low = cuts[k - 1] if k else oof.min()
            high = cuts[k + 1] if k + 1 < len(cuts) else oof.max()
            tried = {}
            for place in np.linspace(low, high, 21)[1:-1]:
                attempt = np.sort(np.append(np.delete(cuts, k), place))
                tried[place] = loss(target, cut(oof, attempt))
            least = min(tried.values())
            cuts[k] = np.median([place for place in tried if tried[place] <= least + 1e-9])
    return cuts


def normal_scores(target, grades):
    """Return the mean of a standard normal variable within the share of each row's grade."""
    edges = norm.ppf(np.append(0, np.bincount(target, minlength=grades).cumsum()) / len(target))
    density = norm.pdf(edges)
    return ((density[:-1] - density[1:]) / np.maximum(np.diff(norm.cdf(edges)), 1e-9))[target]


def expected_grades(values, cuts, spread):
    """Return the mean grade when a value is the grade's latent up to normal noise."""
    return norm.cdf((values[:, None] - cuts) / spread).sum(axis=1)


def best_spread(oof, target, cuts):
    """Return the standard deviation of the noise with which the grades are met best."""
    widths = np.std(oof) * np.geomspace(0.05, 1.5, 20)
    return min(widths, key=lambda width: rmse(target, expected_grades(oof, cuts, width)))


def rmse(truth, prediction):
    """Return the root mean squared error."""
    return np.sqrt(np.mean((truth - prediction) ** 2))


def mae(truth, prediction):
    """Return the mean absolute error."""
    return np.mean(np.abs(truth - prediction))


def rmsle(truth, prediction):
    """Return the root mean squared error of log(1 + value)."""
    return rmse(np.log1p(truth), np.log1p(prediction))


def mape(truth, prediction):
    """Return the mean relative error."""
    return np.mean(np.abs(truth - prediction) / truth)


def smape(truth, prediction):
    """Return the mean symmetric relative error."""
    return np.mean(2 * np.abs(truth - prediction) / (truth + prediction))


def pinball(truth, prediction, quantile):
    """Return the quantile loss."""
    error = truth - prediction
    return np.mean(np.maximum(quantile * error, (quantile - 1) * error))


def qwk(truth, prediction):
    """Return the loss of the quadratic weighted kappa."""
    spread = np.mean((truth[:, None] - prediction[None, :]) ** 2)
    return np.mean((truth - prediction) ** 2) / max(spread, 1e-12)


def accuracy(truth, prediction):
    """Return the share of wrong labels."""
    return np.mean(truth != prediction)


def confusion(truth, prediction):
    """Return the count of rows by true class and predicted class."""
    k = int(max(truth.max(), prediction.max())) + 1
    return np.bincount(k * truth + prediction, minlength=k * k).reshape(k, k)


def balanced_accuracy(truth, prediction):
    """Return one minus the mean recall."""
    counts = confusion(truth, prediction)
    return 1 - np.mean(np.diag(counts) / np.maximum(counts.sum(axis=1), 1))


def f1_macro(truth, prediction):
    """Return one minus the mean F1 of the classes."""
    counts = confusion(truth, prediction)
    return 1 - np.mean(2 * np.diag(counts) / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1))


def f1_binary(truth, prediction):
    """Return one minus the F1 of the second class."""
    return f_beta(truth, prediction, beta=1.0)


def f_beta(truth, prediction, beta):
    """Return one minus the F-beta of the second class."""
    hits = np.sum((truth == 1) & (prediction == 1))
    total = beta**2 * np.sum(truth == 1) + np.sum(prediction == 1)
    return 1 - (1 + beta**2) * hits / max(total, 1)


def mcc(truth, prediction):
    """Return one minus the Matthews correlation."""
    counts = confusion(truth, prediction).astype(float)
    actual, predicted, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    spread = (n**2 - (actual**2).sum()) * (n**2 - (predicted**2).sum())
    return 1 - (np.trace(counts) * n - actual @ predicted) / np.sqrt(max(spread, 1.0))
