"""Functions of witness programs for textures, films and pages: waves, lines and strokes."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression, Ridge


def power_spectrum(light):
    """Return the power spectrum of each picture under a window, (n, h, w), and its frequencies."""
    _, h, w = light.shape
    window = np.hanning(h)[:, None] * np.hanning(w)
    power = np.abs(np.fft.fft2((light - light.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
    return power, np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]


def strongest_wave(light):
    """Measure the strongest wave of a texture: log strength, pitch, direction (as a double angle)."""
    power, down, right = power_spectrum(light)
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


def wave_carrier(light, waves):
    """Return the phase of each picture's strongest wave at every pixel, and light under a window."""
    _, h, w = light.shape
    rows, columns = np.mgrid[:h, :w]
    half = np.arctan2(waves[:, 3], waves[:, 2]) / 2
    down, right = ((waves[:, 1] * part(half))[:, None, None] for part in (np.sin, np.cos))
    phase = 2 * np.pi * (down * (rows - h / 2) + right * (columns - w / 2))
    window = np.hanning(h)[:, None] * np.hanning(w)
    return phase, (light - light.mean(axis=(1, 2), keepdims=True)) * window


def wave_crests(light, waves):
    """Measure whether crests are narrower than troughs: the second harmonic, in phase with the first."""
    phase, light = wave_carrier(light, waves)
    first, second = ((light * np.exp(-1j * k * phase)).sum(axis=(1, 2)) for k in (1, 2))
    return ((second * np.conj(first) ** 2).real / np.abs(first) ** 3).clip(-2, 2)


def wave_reach(light, waves):
    """Measure how far the strongest wave reaches: the log of the area under its envelope."""
    phase, _ = wave_carrier(light, waves)
    plain = light - light.mean(axis=(1, 2), keepdims=True)
    wave = plain * np.exp(-1j * phase)
    smooth = (
        ndimage.gaussian_filter(wave.real, (0, 3, 3)) ** 2
        + ndimage.gaussian_filter(wave.imag, (0, 3, 3)) ** 2
    )
    return np.log(smooth.sum(axis=(1, 2)) / smooth.max(axis=(1, 2)))


def wave_lean(waves, upright):
    """Return the direction of the strongest wave, from an upright in radians on."""
    return (np.arctan2(waves[:, 3], waves[:, 2]) / 2 - upright + np.pi / 2) % np.pi


def brighter_than_sides(light, axis):
    """Return how much brighter each pixel is than both sides, three pixels away along an axis."""
    return light - (np.roll(light, 3, axis) + np.roll(light, -3, axis)) / 2


def last_step(profile):
    """Return where a profile falls from high to low for good, by least squares, (n,)."""
    length = profile.shape[1]
    above = np.cumsum(profile, axis=1)
    counts = np.arange(1, length + 1)
    high, low = above / counts, (above[:, -1:] - above) / np.maximum(length - counts, 1)
    gain = counts * (length - counts) * np.clip(high - low, 0, None) ** 2
    gain[:, :3] = 0
    place = gain.argmax(axis=1)
    return place.astype(float)


def upright_line(light):
    """Return the column of the upright line and the row where it ends, (n,) each."""
    fine = brighter_than_sides(ndimage.gaussian_filter1d(light, 0.6, axis=2), 2)
    h, w = light.shape[1:]
    score = fine[:, : h // 3].mean(axis=1)
    score[:, : w // 3] = score[:, w - w // 3 :] = -1
    column = score.argmax(axis=1)
    strip = np.stack([fine[np.arange(len(light)), :, column + step] for step in (-1, 0, 1)]).mean(
        axis=0
    )
    return column, last_step(strip[:, : int(0.78 * h)])


def bar_row(light):
    """Return the row of the bar."""
    rows = ndimage.gaussian_filter1d(light.mean(axis=2), 0.8, axis=1)
    rows = brighter_than_sides(rows, 1)
    rows[:, light.shape[1] // 2 :] = rows[:, :3] = -1
    return rows.argmax(axis=1)


def lying_line(light):
    """Return the column where the lying line ends, and its greatest sag, (n,) each.

    A line of each sag is tried: the light along it is a profile, and the best profile has the highest step.
    """
    n, h, w = light.shape
    fine = brighter_than_sides(ndimage.gaussian_filter1d(light, 0.6, axis=1), 1)
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


def field_haze(light):
    """Return how bright the dark fields are beside the rest of the film."""
    middle = light[:, light.shape[1] // 3 : -light.shape[1] // 4].reshape(len(light), -1)
    dark, bright = np.quantile(ndimage.gaussian_filter1d(middle, 1.0, axis=1), [0.1, 0.6], axis=1)
    return bright - dark


def contrasted_light(light):
    """Return the detail of each page on the scale of its own, so that ink is equally black everywhere."""
    fine = light - ndimage.gaussian_filter(light, (0, 2, 2))
    return fine / np.quantile(np.abs(fine).reshape(len(fine), -1), 0.9, axis=1)[:, None, None]


def pixel_windows(light, middle, reach):
    """Return what lies around every pixel of the middle patch, (n, pixels, window)."""
    start = (light.shape[1] - middle) // 2
    steps = range(-reach, reach + 1)
    parts = [
        light[:, start + a : start + a + middle, start + b : start + b + middle].reshape(
            len(light), -1
        )
        for a in steps
        for b in steps
    ]
    return np.stack(parts, axis=-1)


def direct_pixels(windows, target):
    """Predict every pixel from all pixels of the middle patch, each by a ridge regression of its own."""
    n = len(target)
    flat = windows.reshape(len(windows), -1)
    return Ridge(0.3).fit(flat[:n], target).predict(flat[n:]).clip(0, 1)


def filtered_pixels(windows, target):
    """Learn one linear filter from all pixels, and return what it makes of the test pages."""
    n, size = len(target), windows.shape[2]
    model = Ridge(1.0).fit(windows[:n].reshape(-1, size), target.ravel())
    return model.predict(windows[n:].reshape(-1, size)).reshape(-1, target.shape[1]).clip(0, 1)


def inked_pixels(windows, target):
    """Learn from all pixels of all pages whether one is ink, and return the light to be expected."""
    n, size = len(target), windows.shape[2]
    level = (target.min() + target.max()) / 2
    paper = (target.ravel() > level).astype(int)
    dark, bright = (target.ravel()[paper == value].mean() for value in (0, 1))
    model = LogisticRegression(C=1.0, max_iter=300).fit(windows[:n].reshape(-1, size), paper)
    share = model.predict_proba(windows[n:].reshape(-1, size))[:, 1].reshape(-1, target.shape[1])
    return dark + (bright - dark) * share
