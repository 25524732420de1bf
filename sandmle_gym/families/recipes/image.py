"""Functions of witness programs for pictures: reading, what any pipeline sees, and models of it."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from PIL import Image
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel


def load_pictures(paths):
    """Return pictures of one size as floats from 0 to 1, (n, h, w, c)."""
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths]) / 255
    return pictures[..., None] if pictures.ndim == 3 else pictures


def grey_light(pictures):
    """Return the mean of the channels, (n, h, w)."""
    return pictures.mean(axis=3)


def standard_columns(columns):
    """Return columns with mean 0 and variance 1, clipped at 4; train and test rows together."""
    columns = np.column_stack(columns) if isinstance(columns, list) else columns
    return ((columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-9)).clip(-4, 4)


def thumbnails(pictures, cells):
    """Return the mean of every channel in a grid of cells."""
    n, h, w, c = pictures.shape
    small = pictures[:, : h // cells * cells, : w // cells * cells]
    return (
        small.reshape(n, cells, h // cells, cells, w // cells, c).mean(axis=(2, 4)).reshape(n, -1)
    )


def generic_columns(pictures, cells=4):
    """Return what any pipeline would look at: colours, a thumbnail and a histogram of edges."""
    flat = pictures.reshape(len(pictures), -1, pictures.shape[3])
    tones = [flat.mean(axis=1), flat.std(axis=1), *np.quantile(flat, [0.1, 0.9], axis=1)]
    return np.column_stack([*tones, thumbnails(pictures, cells), edge_shares(grey_light(pictures))])


def edge_shares(light, bins=8):
    """Return the share of gradient strength in each direction, and its mean."""
    down, right = np.gradient(light, axis=(1, 2))
    strength = np.hypot(down, right)
    direction = ((np.arctan2(down, right) % np.pi) / np.pi * bins).astype(int) % bins
    total = strength.sum(axis=(1, 2)) + 1e-9
    shares = [np.where(direction == k, strength, 0).sum(axis=(1, 2)) / total for k in range(bins)]
    return np.column_stack([*shares, np.log(total)])


def fold_ids(target, folds=4):
    """Return the fold of each row: within each class, rows take turns."""
    order = np.argsort(target, kind="stable")
    ids = np.empty(len(target), dtype=int)
    ids[order] = np.arange(len(target)) % folds
    return ids


def picture_classes(features, target, classes):
    """Return out-of-fold and test probabilities of a linear and a kernel model; train rows come first."""
    n = len(target)
    kernel = rbf_kernel(features, features[:n], gamma=0.5 / features.shape[1])
    oof, new = [], []
    for matrix, strengths in (
        (features, (0.003, 0.01, 0.03, 0.1, 0.3)),
        (kernel, (0.3, 1.0, 3.0, 10.0)),
    ):
        tried = {c: out_of_fold(matrix[:n], target, classes, c) for c in strengths}
        best = min(strengths, key=lambda c: class_loss(target, tried[c]))
        oof.append(tried[best])
        new.append(logistic_classes(matrix[:n], target, matrix[n:], classes, best))
    shares = np.linspace(0, 1, 11)
    share = min(shares, key=lambda s: class_loss(target, s * oof[0] + (1 - s) * oof[1]))
    return share * oof[0] + (1 - share) * oof[1], share * new[0] + (1 - share) * new[1]


def exact_classes(features, target, classes):
    """Return out-of-fold and test probabilities of a linear model of few, well-chosen columns."""
    n = len(target)
    tried = {
        c: out_of_fold(features[:n], target, classes, c) for c in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    }
    best = min(tried, key=lambda c: class_loss(target, tried[c]))
    return tried[best], logistic_classes(features[:n], target, features[n:], classes, best)


def out_of_fold(features, target, classes, strength):
    """Return out-of-fold probabilities of a logistic regression."""
    ids, oof = fold_ids(target), np.zeros((len(target), classes))
    for k in range(4):
        fit, held = ids != k, ids == k
        oof[held] = logistic_classes(features[fit], target[fit], features[held], classes, strength)
    return oof


def logistic_classes(features, target, new, classes, strength):
    """Fit a logistic regression and return probabilities of all classes, also of those it never saw."""
    model = LogisticRegression(C=strength, max_iter=400).fit(features, target)
    probability = np.zeros((len(new), classes))
    probability[:, model.classes_] = model.predict_proba(new)
    return probability


def class_loss(target, probability):
    """Return the mean negative log probability of the true class."""
    return -np.log(np.clip(probability[np.arange(len(target)), target], 1e-6, 1)).mean()


def paired_classes(features, target):
    """Return probabilities of four classes that are two independent outcomes: target = first + 2 * second."""
    fits = [
        exact_classes(part, target // step % 2, 2)
        for part, step in zip(features, (1, 2), strict=True)
    ]
    products = [b[:, :, None] * a[:, None, :] for a, b in zip(*fits, strict=True)]
    return [product.reshape(len(product), 4) for product in products]


def several_classes(fit, features, target):
    """Return test probabilities of each of several outcomes, the columns of `target`.

    A list holds features for each outcome.
    """
    each = features if isinstance(features, list) else [features] * target.shape[1]
    return [fit(own, column, 2)[1][:, 1] for own, column in zip(each, target.T, strict=True)]


def levelled_cameras(pictures, cameras):
    """Return pictures with the same mean and spread for every camera."""
    level = pictures.copy()
    for camera in sorted(set(cameras)):
        own = np.array([name == camera for name in cameras])
        part = pictures[own]
        level[own] = pictures.mean() + (part - part.mean()) * pictures.std() / part.std()
    return level


def picture_values(features, target):
    """Return out-of-fold and test values of a linear and a kernel model; train rows come first."""
    n = len(target)
    kernel = rbf_kernel(features, features[:n], gamma=0.5 / features.shape[1])
    oof, new = [], []
    for matrix, strengths in (
        (features, (10.0, 30.0, 100.0, 300.0, 1000.0)),
        (kernel, (0.01, 0.03, 0.1, 0.3, 1.0)),
    ):
        tried = {a: fold_ridge(matrix[:n], target, a) for a in strengths}
        best = min(strengths, key=lambda a: np.mean((tried[a] - target) ** 2))
        oof.append(tried[best])
        new.append(Ridge(best).fit(matrix[:n], target).predict(matrix[n:]))
    shares = np.linspace(0, 1, 11)
    share = min(shares, key=lambda s: np.mean((s * oof[0] + (1 - s) * oof[1] - target) ** 2))
    return share * oof[0] + (1 - share) * oof[1], share * new[0] + (1 - share) * new[1]


def exact_values(features, target):
    """Return out-of-fold and test values of a linear model of few, well-chosen columns."""
    n = len(target)
    return fold_ridge(features[:n], target, 0.5), Ridge(0.5).fit(features[:n], target).predict(
        features[n:]
    )


def fold_ridge(features, target, penalty):
    """Return out-of-fold values of a ridge regression."""
    ids, oof = fold_ids(target), np.zeros(len(target))
    for k in range(4):
        fit, held = ids != k, ids == k
        oof[held] = Ridge(penalty).fit(features[fit], target[fit]).predict(features[held])
    return oof


def curved_columns(columns):
    """Return standardised columns with their squares: for what is best in the middle, or at both ends."""
    columns = standard_columns(columns)
    return np.column_stack([columns, columns**2])


def normal_classes(features, target, classes):
    """Return out-of-fold and test probabilities of classes that are normal with one covariance."""
    n, ids = len(target), fold_ids(target)
    oof = np.zeros((n, classes))
    for k in range(4):
        fit, held = np.flatnonzero(ids != k), np.flatnonzero(ids == k)
        oof[held] = discriminant(features[fit], target[fit], features[held], classes)
    return oof, discriminant(features[:n], target, features[n:], classes)


def discriminant(features, target, new, classes):
    """Fit a linear discriminant with even priors and return probabilities of all classes."""
    known = np.unique(target)
    model = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=0.05, priors=np.ones(len(known)) / len(known)
    )
    model.fit(features, target)
    probability = np.full((len(new), classes), 1e-3)
    probability[:, model.classes_] += model.predict_proba(new)
    return probability / probability.sum(axis=1, keepdims=True)
