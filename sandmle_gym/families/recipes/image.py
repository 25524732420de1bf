"""Functions of witness programs for pictures; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics.pairwise import rbf_kernel


IN_PLANE = np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))])


def load(paths):
    """Return pictures of one size as floats from 0 to 1, (n, h, w, c)."""
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths]) / 255
    return pictures[..., None] if pictures.ndim == 3 else pictures


def grey(pictures):
    """Return the mean of the channels, (n, h, w)."""
    return pictures.mean(axis=3)


def standardised(columns):
    """Return columns with mean 0 and variance 1, clipped at 4; train and test rows together."""
    columns = np.column_stack(columns) if isinstance(columns, list) else columns
    return ((columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-9)).clip(-4, 4)


def thumbnails(pictures, cells):
    """Return the mean of every channel in a grid of cells."""
    n, h, w, c = pictures.shape
    small = pictures[:, : h // cells * cells, : w // cells * cells]
    return small.reshape(n, cells, h // cells, cells, w // cells, c).mean(axis=(2, 4)).reshape(n, -1)


def generic(pictures, cells=4):
    """Return what any pipeline would look at: colours, a thumbnail and a histogram of edges."""
    flat = pictures.reshape(len(pictures), -1, pictures.shape[3])
    tones = [flat.mean(axis=1), flat.std(axis=1), *np.quantile(flat, [0.1, 0.9], axis=1)]
    return np.column_stack([*tones, thumbnails(pictures, cells), edges(grey(pictures))])


def edges(light, bins=8):
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
    for matrix, strengths in ((features, (0.003, 0.01, 0.03, 0.1, 0.3)), (kernel, (0.3, 1.0, 3.0, 10.0))):
        tried = {c: out_of_fold(matrix[:n], target, classes, c) for c in strengths}
        best = min(strengths, key=lambda c: class_loss(target, tried[c]))
        oof.append(tried[best])
        new.append(logistic(matrix[:n], target, matrix[n:], classes, best))
    shares = np.linspace(0, 1, 11)
    share = min(shares, key=lambda s: class_loss(target, s * oof[0] + (1 - s) * oof[1]))
    return share * oof[0] + (1 - share) * oof[1], share * new[0] + (1 - share) * new[1]


def exact_classes(features, target, classes):
    """Return out-of-fold and test probabilities of a linear model of few, well-chosen columns."""
    n = len(target)
    tried = {c: out_of_fold(features[:n], target, classes, c) for c in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)}
    best = min(tried, key=lambda c: class_loss(target, tried[c]))
    return tried[best], logistic(features[:n], target, features[n:], classes, best)


def out_of_fold(features, target, classes, strength):
    """Return out-of-fold probabilities of a logistic regression."""
    ids, oof = fold_ids(target), np.zeros((len(target), classes))
    for k in range(4):
        fit, held = ids != k, ids == k
        oof[held] = logistic(features[fit], target[fit], features[held], classes, strength)
    return oof


def logistic(features, target, new, classes, strength):
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
    fits = [exact_classes(part, target // step % 2, 2) for part, step in zip(features, (1, 2))]
    products = [b[:, :, None] * a[:, None, :] for a, b in zip(*fits)]
    return [product.reshape(len(product), 4) for product in products]


def several_classes(fit, features, target):
    """Return test probabilities of each of several outcomes, the columns of `target`.

    A list holds features for each outcome.
    """
    each = features if isinstance(features, list) else [features] * target.shape[1]
    return [fit(own, column, 2)[1][:, 1] for own, column in zip(each, target.T)]


def levelled(pictures, cameras):
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
    for matrix, strengths in ((features, (10.0, 30.0, 100.0, 300.0, 1000.0)), (kernel, (0.01, 0.03, 0.1, 0.3, 1.0))):
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
    return fold_ridge(features[:n], target, 0.5), Ridge(0.5).fit(features[:n], target).predict(features[n:])


def fold_ridge(features, target, penalty):
    """Return out-of-fold values of a ridge regression."""
    ids, oof = fold_ids(target), np.zeros(len(target))
    for k in range(4):
        fit, held = ids != k, ids == k
        oof[held] = Ridge(penalty).fit(features[fit], target[fit]).predict(features[held])
    return oof


def curved(columns):
    """Return standardised columns with their squares: for what is best in the middle, or at both ends."""
    columns = standardised(columns)
    return np.column_stack([columns, columns**2])


def spectrum(light):
    """Return the power spectrum of each picture under a window, (n, h, w), and its frequencies."""
    n, h, w = light.shape
    window = np.hanning(h)[:, None] * np.hanning(w)
    power = np.abs(np.fft.fft2((light - light.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
    return power, np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]


def ripples(light):
    """Measure the strongest wave of a texture: log strength, pitch, direction (as a double angle)."""
    power, down, right = spectrum(light)
    radius = np.hypot(down, right)
    power = np.where((radius > 0.12) & (radius < 0.42) & (right >= 0), power, 0)
    smooth = ndimage.gaussian_filter(power, (0, 0.8, 0.8), mode="wrap")
    smooth = smooth * ((radius > 0.12) & (right >= 0))
    peak = smooth.reshape(len(light), -1).argmax(axis=1)
    row, column = np.divmod(peak, light.shape[2])
    here = np.zeros_like(power)
    for a in (-1, 0, 1):
        for b in (-1, 0, 1):
            r, c = (row + a) % light.shape[1], (column + b) % light.shape[2]
            here[np.arange(len(light)), r, c] = power[np.arange(len(light)), r, c]
    total = here.sum(axis=(1, 2)) + 1e-12
    fy, fx = ((here * f).sum(axis=(1, 2)) / total for f in (down, right))
    angle = 2 * np.arctan2(fy, fx)
    return np.column_stack([np.log(total), np.hypot(fy, fx), np.cos(angle), np.sin(angle)])


def carrier(light, waves):
    """Return the phase of each picture's strongest wave at every pixel, and light under a window."""
    n, h, w = light.shape
    rows, columns = np.mgrid[:h, :w]
    half = np.arctan2(waves[:, 3], waves[:, 2]) / 2
    down, right = ((waves[:, 1] * part(half))[:, None, None] for part in (np.sin, np.cos))
    phase = 2 * np.pi * (down * (rows - h / 2) + right * (columns - w / 2))
    window = np.hanning(h)[:, None] * np.hanning(w)
    return phase, (light - light.mean(axis=(1, 2), keepdims=True)) * window


def crests(light, waves):
    """Measure whether crests are narrower than troughs: the second harmonic, in phase with the first."""
    phase, light = carrier(light, waves)
    first, second = ((light * np.exp(-1j * k * phase)).sum(axis=(1, 2)) for k in (1, 2))
    return ((second * np.conj(first) ** 2).real / np.abs(first) ** 3).clip(-2, 2)


def reach(light, waves):
    """Measure how far the strongest wave reaches: the log of the area under its envelope."""
    n, h, w = light.shape
    phase, _ = carrier(light, waves)
    plain = light - light.mean(axis=(1, 2), keepdims=True)
    wave = plain * np.exp(-1j * phase)
    smooth = ndimage.gaussian_filter(wave.real, (0, 3, 3)) ** 2 + ndimage.gaussian_filter(wave.imag, (0, 3, 3)) ** 2
    return np.log(smooth.sum(axis=(1, 2)) / smooth.max(axis=(1, 2)))


def lean(waves, upright):
    """Return the direction of the strongest wave, from an upright in radians on."""
    return (np.arctan2(waves[:, 3], waves[:, 2]) / 2 - upright + np.pi / 2) % np.pi


def blurred(light, radius):
    """Return light under a Gaussian blur."""
    return ndimage.gaussian_filter(light, (0, radius, radius), mode="nearest")


def largest_disc(light):
    """Return where each picture shows its disc (n, h, w), and the disc's centre and radius."""
    n, h, w = light.shape
    soft = blurred(light, 1.0)
    low, high = np.quantile(soft.reshape(n, -1), [0.03, 0.8], axis=1)
    mask = soft > (0.6 * low + 0.4 * high)[:, None, None]
    rows, columns = np.mgrid[:h, :w]
    area = mask.sum(axis=(1, 2))
    centre = [(mask * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    radius = np.sqrt(area / np.pi)
    away = np.hypot(rows - centre[0][:, None, None], columns - centre[1][:, None, None])
    return away / radius[:, None, None]


def own_colour(pictures, inner):
    """Return the colour of an object, (n, 3): what is common within it, whatever lies on it."""
    flat = np.where(inner, pictures, -1.0).reshape(len(pictures), -1, 3)
    ordered = np.sort(flat, axis=1)
    size = inner.sum(axis=(1, 2, 3))
    place = flat.shape[1] - 1 - (0.42 * size).astype(int)
    return ordered[np.arange(len(flat)), place].clip(0.02)


def disc_stains(pictures, away, first, second):
    """Return how much of two inks each pixel of a disc holds, from their colours beside the disc's own."""
    inner = (away < 0.9)[..., None]
    ground = own_colour(pictures, inner)
    filled = np.where(inner, pictures, ground[:, None, None])
    soft = ndimage.gaussian_filter(filled, (0, 0.7, 0.7, 0))
    return unmixed(soft / ground[:, None, None], first, second)


def unmixed(shares, first, second):
    """Return the amounts of two inks that let through these shares of the light (Beer and Lambert)."""
    amounts = np.log(shares.clip(0.02, 2)) @ np.linalg.pinv(np.log([first, second]))
    return amounts.transpose(3, 0, 1, 2)


def peaks(ink, level):
    """Return where an ink has a local maximum above a level."""
    return (ink == ndimage.maximum_filter(ink, (1, 3, 3))) & (ink > level)


def specks(ink, away):
    """Measure specks of one ink: the log of their number, and how far out they lie."""
    spots = peaks(ink, 0.3) & (away < 0.95)
    count = spots.sum(axis=(1, 2))
    return np.column_stack([np.log(count + 1), (spots * away**2).sum(axis=(1, 2)) / (count + 1)])


def rim(light, away):
    """Return how much the disc's outer belt differs from the belt inside it."""
    belts = [(away > a) & (away < b) for a, b in ((0.86, 0.97), (0.62, 0.8))]
    outer, inner = ((light * belt).sum(axis=(1, 2)) / belt.sum(axis=(1, 2)) for belt in belts)
    return outer - inner


def tint(pictures, away, first=0, second=2):
    """Return the log ratio of two channels over the disc."""
    disc = (away < 0.9)[..., None]
    light = (pictures * disc).sum(axis=(1, 2)) / disc.sum(axis=(1, 2))
    return np.log(light[:, first] / light[:, second])


def thirds(pictures):
    """Return the central third of every picture."""
    n, h, w, c = pictures.shape
    return pictures[:, h // 3 : h - h // 3, w // 3 : w - w // 3]


def hue(pictures):
    """Return the log ratio of the medians of red and blue."""
    flat = np.median(pictures.reshape(len(pictures), -1, 3), axis=1)
    return np.log(flat[:, 0] / flat[:, 2])


def stains(pictures, first, second):
    """Return how much of two stains each pixel holds, from what they let through of the ground's colour."""
    ground = np.quantile(pictures.reshape(len(pictures), -1, 3), 0.8, axis=1)[:, None, None]
    soft = ndimage.gaussian_filter(pictures, (0, 0.5, 0.5, 0))
    return unmixed(soft / ground, first, second)


def cells(stain):
    """Measure cells: the log of their number, of the area of one, and their mean depth of stain."""
    spots = peaks(ndimage.gaussian_filter(stain, (0, 0.5, 0.5)), 0.35)
    count = spots.sum(axis=(1, 2)) + 0.5
    area = np.clip(2 * stain - 0.4, 0, 1).sum(axis=(1, 2)) + 0.5
    depth = (stain * spots).sum(axis=(1, 2)) / count
    return np.column_stack([np.log(count), np.log(area / count), depth])


def shape(light):
    """Return where the one bright object of each picture is, (n, h, w)."""
    soft = ndimage.gaussian_filter(light, (0, 0.8, 0.8))
    flat = np.sort(soft.reshape(len(light), -1), axis=1)
    below = np.cumsum(flat, axis=1)
    counts = np.arange(1, flat.shape[1] + 1)
    low, high = below / counts, (below[:, -1:] - below) / np.maximum(counts[-1] - counts, 1)
    between = counts * (counts[-1] - counts) * (high - low) ** 2  # Otsu 1979
    level = flat[np.arange(len(flat)), between.argmax(axis=1)]
    return ndimage.binary_fill_holes(largest(soft > level[:, None, None]), IN_PLANE)


def largest(mask):
    """Return the largest connected part of each picture's mask."""
    parts, _ = ndimage.label(mask, IN_PLANE)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    flat = parts.reshape(len(parts), -1)
    best = flat[np.arange(len(flat)), sizes[flat].argmax(axis=1)]
    return parts == best[:, None, None]


def polar(mask):
    """Return the distance and the direction of every pixel from the middle of the object."""
    rows, columns = np.mgrid[: mask.shape[1], : mask.shape[2]]
    area = mask.sum(axis=(1, 2))
    middle = [(mask * axis).sum(axis=(1, 2)) / area for axis in (rows, columns)]
    down, right = rows - middle[0][:, None, None], columns - middle[1][:, None, None]
    return np.hypot(down, right), np.arctan2(down, right)


def outline_wave(mask, polar, waves):
    """Return how strongly the radius of the object waves, from the area that it covers in each direction."""
    parts = [(mask * wave(waves * polar[1])).sum(axis=(1, 2)) for wave in (np.cos, np.sin)]
    return np.hypot(*parts) / mask.sum(axis=(1, 2))


def core(light, mask, polar):
    """Return how dark the middle of the object is beside the rest of it, as a log ratio."""
    radius = np.sqrt(mask.sum(axis=(1, 2)) / np.pi)[:, None, None]
    parts = [mask & (polar[0] < 0.3 * radius), mask & (polar[0] > 0.5 * radius)]
    inner, outer = ((light * part).sum(axis=(1, 2)) / (part.sum(axis=(1, 2)) + 1e-3) for part in parts)
    return np.log((inner + 0.01) / (outer + 0.01))


def veil(light, mask, polar):
    """Return how strongly light falls off across the object, whatever the direction: a slope by least squares."""
    size = np.sqrt(mask.sum(axis=(1, 2)))[:, None, None]
    axes = [polar[0] / size * wave(polar[1]) * mask for wave in (np.cos, np.sin)]
    design = np.stack([mask / 1.0, *axes], axis=-1).reshape(len(light), -1, 3)
    level = (light * mask).reshape(len(light), -1)
    gram = np.einsum("npi,npj->nij", design, design) + 1e-6 * np.eye(3)
    slopes = np.linalg.solve(gram, np.einsum("npi,np->ni", design, level)[..., None])[..., 0]
    return np.hypot(slopes[:, 1], slopes[:, 2]) / (slopes[:, 0] + 0.01)


def balanced(pictures):
    """Return pictures as under white light: each channel divided by the grey card in the corners."""
    h, w = pictures.shape[1] // 6, pictures.shape[2] // 6
    corners = [pictures[:, a, b] for a in (slice(h), slice(-h, None)) for b in (slice(w), slice(-w, None))]
    card = np.median(np.concatenate(corners, axis=1).reshape(len(pictures), -1, 3), axis=1)
    return 0.6 * pictures / card[:, None, None]


def leaf_mask(pictures):
    """Return which pixels are leaf: coloured, where the card is grey."""
    chroma = pictures.max(axis=3) - pictures.min(axis=3)
    soft = ndimage.gaussian_filter(chroma, (0, 0.8, 0.8))
    return soft > 0.5 * np.quantile(soft.reshape(len(soft), -1), 0.75, axis=1)[:, None, None]


def leaf_spots(pictures, mask, first, second):
    """Measure a leaf: logs of the numbers of two kinds of spots and of the area of one, and its own hue."""
    inner = ndimage.binary_erosion(mask, np.ones((1, 3, 3)))[..., None]
    ground = own_colour(pictures, inner)
    filled = np.where(inner, pictures, ground[:, None, None])
    soft = ndimage.gaussian_filter(filled, (0, 0.6, 0.6, 0))
    inks = unmixed(soft / ground[:, None, None], first, second)
    counts = [peaks(ink, 0.35).sum(axis=(1, 2)) + 1 for ink in inks]
    area = sum(np.clip(2 * ink - 0.3, 0, 1).sum(axis=(1, 2)) for ink in inks)
    columns = [*np.log(counts), np.log((area + 1) / sum(counts)), np.log(ground[:, 0] / ground[:, 2])]
    return np.column_stack(columns)


def slenderness(mask):
    """Return the log ratio of the longest and the shortest spread of an object, from its second moments."""
    away, turn = polar(mask)
    area = mask.sum(axis=(1, 2))
    down, right = away * np.sin(turn), away * np.cos(turn)
    xx, yy, xy = ((mask * part).sum(axis=(1, 2)) / area for part in (right**2, down**2, right * down))
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.log((middle + half) / (middle - half))


def beside(light, axis):
    """Return how much brighter each pixel is than both sides, three pixels away along an axis."""
    return light - (np.roll(light, 3, axis) + np.roll(light, -3, axis)) / 2


def last_step(profile):
    """Return where a profile falls from high to low for good, by least squares, (n,), and how far."""
    n, length = profile.shape
    above = np.cumsum(profile, axis=1)
    counts = np.arange(1, length + 1)
    high, low = above / counts, (above[:, -1:] - above) / np.maximum(length - counts, 1)
    gain = counts * (length - counts) * np.clip(high - low, 0, None) ** 2
    gain[:, :3] = 0
    place = gain.argmax(axis=1)
    return place.astype(float)


def upright_line(light):
    """Return the column of the upright line and the row where it ends, (n,) each."""
    fine = beside(ndimage.gaussian_filter1d(light, 0.6, axis=2), 2)
    h, w = light.shape[1:]
    score = fine[:, : h // 3].mean(axis=1)
    score[:, : w // 3] = score[:, w - w // 3 :] = -1
    column = score.argmax(axis=1)
    strip = np.stack([fine[np.arange(len(light)), :, column + step] for step in (-1, 0, 1)]).mean(axis=0)
    return column, last_step(strip[:, : int(0.78 * h)])


def bar_row(light):
    """Return the row of the bar."""
    rows = ndimage.gaussian_filter1d(light.mean(axis=2), 0.8, axis=1)
    rows = beside(rows, 1)
    rows[:, light.shape[1] // 2 :] = rows[:, :3] = -1
    return rows.argmax(axis=1)


def lying_line(light):
    """Return the column where the lying line ends, and its greatest sag, (n,) each.

    A line of each sag is tried: the light along it is a profile, and the best profile has the highest step.
    """
    n, h, w = light.shape
    fine = beside(ndimage.gaussian_filter1d(light, 0.6, axis=1), 1)
    low = int(0.6 * h)
    columns = np.arange(w)
    best, end, sag = np.full(n, -np.inf), np.zeros(n), np.zeros(n)
    for reach in range(int(0.4 * w), w - 1, 2):
        share = np.clip(columns[:reach] / reach, 0, 1)
        for bow in np.arange(0, 0.18 * h):
            shift = np.round(4 * bow * share * (1 - share)).astype(int)
            for start in range(low, int(0.8 * h)):
                rows = np.clip(start + shift, 0, h - 1)
                total = (fine[:, rows, columns[:reach]] - 0.07).sum(axis=1)
                better = total > best
                best[better], end[better], sag[better] = total[better], reach, bow
    return end, sag


def haze(light):
    """Return how bright the dark fields are beside the rest of the film."""
    middle = light[:, light.shape[1] // 3 : -light.shape[1] // 4].reshape(len(light), -1)
    dark, bright = np.quantile(ndimage.gaussian_filter1d(middle, 1.0, axis=1), [0.1, 0.6], axis=1)
    return bright - dark


def body(mask):
    """Return the thick part of an object: without ears, tails and whatever else is narrow."""
    return largest(ndimage.binary_opening(mask, np.ones((1, 4, 4))))


def limbs(mask, trunk):
    """Return the roots of the areas of narrow parts above the trunk's upper third, and of those below it."""
    rows = np.arange(mask.shape[1])[None, :, None]
    weight = trunk.sum(axis=(1, 2))
    middle = (trunk * rows).sum(axis=(1, 2)) / weight
    narrow = mask & ~ndimage.binary_dilation(trunk, np.ones((1, 2, 2)))
    upper = rows < middle[:, None, None]
    areas = [(narrow & part).sum(axis=(1, 2)) / weight for part in (upper, ~upper)]
    return np.column_stack([np.sqrt(areas[0]), areas[0], areas[1]])


def proportion(trunk):
    """Return the log ratio of width and height of an object's lower part, from its second moments."""
    rows, columns = np.mgrid[: trunk.shape[1], : trunk.shape[2]]
    middle = (trunk * rows).sum(axis=(1, 2)) / trunk.sum(axis=(1, 2))
    low = trunk & (rows > middle[:, None, None])
    return np.log(low.any(axis=1).sum(axis=1) / (low.any(axis=2).sum(axis=1) + 1e-3))


def coat(pictures, trunk):
    """Return log ratios of the channels over an object."""
    light = (pictures * trunk[..., None]).sum(axis=(1, 2)) / trunk.sum(axis=(1, 2))[:, None]
    return np.log(light[:, :2] / light[:, 1:])


def stripe_pitch(light, trunk):
    """Return the frequency of upright stripes on an object: of all waves, the one that fits best."""
    columns = np.arange(light.shape[2])
    weight = trunk.sum(axis=1).astype(float)
    profile = (light * trunk).sum(axis=1) / np.maximum(weight, 1)
    mean = (weight * profile).sum(axis=1) / weight.sum(axis=1)
    wave = np.sqrt(weight) * (profile - mean[:, None]) * (weight > 3)
    pitches = np.linspace(0.1, 0.3, 41)
    power = np.abs(wave @ np.exp(-2j * np.pi * columns[:, None] * pitches))
    return pitches[power.argmax(axis=1)]


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
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.05, priors=np.ones(len(known)) / len(known))
    model.fit(features, target)
    probability = np.full((len(new), classes), 1e-3)
    probability[:, model.classes_] += model.predict_proba(new)
    return probability / probability.sum(axis=1, keepdims=True)


def contrasted(light):
    """Return the detail of each page on the scale of its own: without stains, ink equally black everywhere."""
    fine = light - ndimage.gaussian_filter(light, (0, 2, 2))
    return fine / np.quantile(np.abs(fine).reshape(len(fine), -1), 0.9, axis=1)[:, None, None]


def around(light, middle, reach):
    """Return what lies around every pixel of the middle patch, (n, pixels, window)."""
    start = (light.shape[1] - middle) // 2
    steps = range(-reach, reach + 1)
    parts = [
        light[:, start + a : start + a + middle, start + b : start + b + middle].reshape(len(light), -1)
        for a in steps
        for b in steps
    ]
    return np.stack(parts, axis=-1)


def direct(windows, target):
    """Predict every pixel from all pixels of the middle patch, each by a ridge regression of its own."""
    n = len(target)
    flat = windows.reshape(len(windows), -1)
    return Ridge(0.3).fit(flat[:n], target).predict(flat[n:]).clip(0, 1)


def filtered(windows, target):
    """Learn one linear filter from all pixels of all pages, and return what it makes of the test pages."""
    n, size = len(target), windows.shape[2]
    model = Ridge(1.0).fit(windows[:n].reshape(-1, size), target.ravel())
    return model.predict(windows[n:].reshape(-1, size)).reshape(-1, target.shape[1]).clip(0, 1)


def inked(windows, target):
    """Learn whether a pixel is ink or paper from all pixels of all pages; return the light to be expected."""
    n, size = len(target), windows.shape[2]
    level = (target.min() + target.max()) / 2
    paper = (target.ravel() > level).astype(int)
    dark, bright = (target.ravel()[paper == value].mean() for value in (0, 1))
    model = LogisticRegression(C=1.0, max_iter=300).fit(windows[:n].reshape(-1, size), paper)
    share = model.predict_proba(windows[n:].reshape(-1, size))[:, 1].reshape(-1, target.shape[1])
    return dark + (bright - dark) * share
