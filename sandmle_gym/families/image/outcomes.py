"""What picture tasks ask for: the target and its best possible prediction, and how a program predicts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from sandmle_gym.families import oracle
from sandmle_gym.families.image.budget import Latent
from sandmle_gym.families.image.card import Outcome
from sandmle_gym.families.tabular import fits
from sandmle_gym.spec import Form, MetricSpec

Columns = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Asked:
    """A target as drawn, and lines of programs that predict it.

    The lines of `start` find the frame `train` and set `target`; those of `generic` and `exact` find
    `features`, train rows first, and set `answer`, a mapping of columns to values.
    """

    target: Columns
    """The target columns of `train.csv`, all rows."""
    truth: Columns
    """The truth as answers hold it, all rows."""
    oracle: Columns
    sample: Mapping[str, str]
    start: str
    trivial: str
    generic: str
    exact: str
    labels: tuple[str, ...] = ()


def settled(target: Outcome, rng: np.random.RandomState) -> tuple[float, ...]:
    """Choose where the hidden number is cut, so that positive rows are as common as the card says."""
    low, high = target.rate
    return (round(NormalDist().inv_cdf(1 - low - (high - low) * rng.random_sample()), 5),)


def classes(
    name: str,
    labels: Sequence[str],
    metric: MetricSpec,
    form: Form,
    posterior: np.ndarray,
    drawn: np.ndarray,
) -> Asked:
    """Ask for one of several classes.

    Args:
        name: The target column.
        labels: The classes; of two under a metric of one probability, the second is positive.
        metric: What scores.
        form: What a row of a submission holds.
        posterior: True probabilities, (n, k).
        drawn: The class of every row, int (n,).
    """
    count = len(labels)
    words = np.array([str(label) for label in labels], dtype=object)
    shares = f"shares = np.bincount(target, minlength={count}) / len(target)\n"
    lines = fits.decide_classes(name, metric, form)
    if form is Form.PROBABILITY:
        truth = {name: [str(value) for value in drawn.tolist()]}
        best = {name: _numbers(posterior[:, 1])}
        sample = {name: "0.5"}
        start = f'target = train["{name}"].to_numpy()\n'
    else:
        truth = {name: words[drawn].tolist()}
        start = f"labels = {[str(label) for label in labels]}\n"
        start += f'target = np.array([labels.index(str(label)) for label in train["{name}"]])\n'
        if form is Form.DISTRIBUTION:
            best = {str(label): _numbers(posterior[:, k]) for k, label in enumerate(labels)}
            sample = {str(label): f"{1 / count:.4f}" for label in labels}
        elif form is Form.RANKING:
            depth = int(metric.params["k"])
            order = (-posterior).argsort(axis=1, kind="stable")[:, :depth]
            best = {name: [" ".join(words[row]) for row in order]}
            sample = {name: " ".join(words[:depth])}
        else:
            best = {name: words[oracle.labels(metric, posterior)].tolist()}
            sample = {name: str(labels[0])}
    return Asked(
        target=truth,
        truth=truth,
        oracle=best,
        sample=sample,
        start=start,
        trivial=shares + fits.trivial_classes(name, metric, form),
        generic=f"oof, new = picture_classes(features, target, {count})\n{lines}",
        exact=f"oof, new = exact_classes(features, target, {count})\n{lines}",
        labels=() if form in (Form.PROBABILITY, Form.RANKING) else tuple(map(str, labels)),
    )


def paired(
    name: str,
    labels: Sequence[str],
    metric: MetricSpec,
    form: Form,
    cuts: tuple[float, float],
    latents: tuple[Latent, Latent],
) -> Asked:
    """Ask which of two independent outcomes came true: neither, the first, the second, or both.

    Under a metric of several probabilities the target is one column of 0 and 1 per class. The exact
    lines find `features` as a pair, for the first and for the second outcome.
    """
    first, second = (
        oracle.class_posterior(latent.mean, latent.spread, (cut,))
        for latent, cut in zip(latents, cuts, strict=True)
    )
    posterior = (second[:, :, None] * first[:, None, :]).reshape(len(first), 4)
    drawn = (latents[0].values > cuts[0]) + 2 * (latents[1].values > cuts[1])
    whole = Form.DISTRIBUTION if form is Form.PROBABILITY else form
    asked = classes(name, labels, metric, whole, posterior, drawn)
    lines = fits.decide_classes(name, metric, whole)
    asked = replace(asked, exact=f"oof, new = paired_classes(features, target)\n{lines}")
    if form is not Form.PROBABILITY:
        return asked
    truth = {
        label: [str(value) for value in (drawn == k).astype(int).tolist()]
        for k, label in enumerate(labels)
    }
    start = f"labels = {list(labels)}\ntarget = train[labels].to_numpy().argmax(axis=1)\n"
    return replace(asked, target=truth, truth=truth, start=start, labels=())


def pixels(names: Sequence[str], metric: MetricSpec, truth: np.ndarray, best: np.ndarray) -> Asked:
    """Ask for several numbers from 0 to 1, light (n, k).

    The generic and exact lines find `new`, the light of the test rows.
    """
    cells = {
        name: [f"{value:.3f}" for value in truth[:, k].tolist()] for k, name in enumerate(names)
    }
    prefix = names[0].rsplit("_", 2)[0] + "_"
    middle = "median" if metric.name == "mae_columns" else "mean"
    answer = "answer = dict(zip(names, new.T))\n"
    return Asked(
        target=cells,
        truth=cells,
        oracle={name: _numbers(best[:, k]) for k, name in enumerate(names)},
        sample=dict.fromkeys(names, "0.5"),
        start=f'names = [name for name in train if name.startswith("{prefix}")]\n'
        "target = train[names].to_numpy()\n",
        trivial=f"answer = dict(zip(names, np.{middle}(target, axis=0)))\n",
        generic=answer,
        exact=answer,
    )


def binary(target: Outcome, cut: float, metric: MetricSpec, form: Form, latent: Latent) -> Asked:
    """Ask whether the hidden number lies above a cut."""
    posterior = oracle.class_posterior(latent.mean, latent.spread, (cut,))
    labels = (target.negative, target.positive)
    drawn = (latent.values > cut).astype(int)
    return classes(target.name, labels, metric, form, posterior, drawn)


def grades(
    name: str, cuts: tuple[float, ...], metric: MetricSpec, form: Form, latent: Latent
) -> Asked:
    """Ask in which interval between cuts the hidden number lies, as a grade from 0 on."""
    posterior = oracle.class_posterior(latent.mean, latent.spread, cuts)
    drawn = np.searchsorted(cuts, latent.values)
    count = len(cuts) + 1
    trivial, blend, expert = fits.decide_grades(name, count, metric)
    truth = {name: [str(grade) for grade in drawn.tolist()]}
    return Asked(
        target=truth,
        truth=truth,
        oracle={name: _numbers(oracle.grades(metric, posterior))},
        sample={name: str(count // 2)},
        start=f'target = train["{name}"].to_numpy()\n',
        trivial=trivial,
        generic=f"oof, new = picture_values(features, target.astype(float))\n{blend}",
        exact=f"oof, new = exact_values(features, normal_scores(target, {count}))\n{expert}",
        labels=tuple(map(str, range(count))) if form is Form.LABEL else (),
    )


def several(names: Sequence[str], cuts: Sequence[float], latents: Sequence[Latent]) -> Asked:
    """Ask for the probability of each of several outcomes, which may come together."""
    truth, best = {}, {}
    for name, cut, latent in zip(names, cuts, latents, strict=True):
        posterior = oracle.class_posterior(latent.mean, latent.spread, (cut,))
        truth[name] = [str(value) for value in (latent.values > cut).astype(int).tolist()]
        best[name] = _numbers(posterior[:, 1])
    return Asked(
        target=truth,
        truth=truth,
        oracle=best,
        sample=dict.fromkeys(names, "0.5"),
        start=f"names = {list(names)}\ntarget = train[names].to_numpy()\n",
        trivial="answer = dict(zip(names, target.mean(axis=0)))\n",
        generic="answer = dict(zip(names, several_classes(picture_classes, features, target)))\n",
        exact="answer = dict(zip(names, several_classes(exact_classes, features, target)))\n",
    )


def _numbers(values: np.ndarray) -> list[str]:
    return [f"{value:.6g}" for value in values.tolist()]
