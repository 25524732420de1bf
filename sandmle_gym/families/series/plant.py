"""A controlled plant: its input acts at once, through a leaking store, and through its peak so far."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]
DIGITS = 6


class Plant(Frozen):
    """How the output depends on the input. Shares of its variance, before every kind has its own gains."""

    now: Share
    """What the input of the moment explains."""
    store: Share
    """What the content of the store explains."""
    peak: Share
    """What the highest input so far explains."""
    bend: float = Field(ge=0, le=1)
    """Square part of the effect of the moment, relative to its linear part."""
    own: Share
    """How much the gains differ between kinds, as a share of them."""


@dataclass(frozen=True)
class Runs:
    """Drawn runs; each is read once."""

    inputs: np.ndarray
    """float (runs, steps) between 0 and 1, rounded to 2 digits."""
    kind: np.ndarray
    asked: np.ndarray
    """int (runs,): the step at which the output is read."""
    mean: np.ndarray
    """float (runs,): the output without noise, about standardised."""


def draw_runs(
    plant: Plant, leak: float, kinds: int, shape: tuple[int, int], first: int, *key: Label
) -> Runs:
    """Draw runs.

    Args:
        plant: How the output depends on the input.
        leak: Share of the store that is lost in a step.
        kinds: How many kinds of plants there are.
        shape: Runs and steps.
        first: Earliest step at which a run is read.
        key: First labels of the random streams.
    """
    runs, steps = shape
    inputs = _inputs(shape, stream(*key, "inputs"))
    rng = stream(*key, "plant")
    kind, asked = rng.randint(kinds, size=runs), rng.randint(first, steps, size=runs)
    gains = 1 + plant.own * rng.choice([-1.0, 1.0], size=(2, kinds)) * (
        0.6 + 0.8 * rng.random_sample((2, kinds))
    )
    rows = np.arange(runs)
    store = np.zeros(shape)
    level = np.zeros(runs)
    for step in range(steps):
        level = (1 - leak) * level + inputs[:, step]
        store[:, step] = level
    now, full = inputs[rows, asked], store[rows, asked]
    peak = np.maximum.accumulate(inputs, axis=1)[rows, asked]
    moment = _scaled(now) + plant.bend * _scaled((now - 0.5) ** 2)
    parts = (
        np.sqrt(plant.now) * _scaled(moment) * gains[0, kind],
        np.sqrt(plant.store) * _scaled(full) * gains[1, kind],
        np.sqrt(plant.peak) * _scaled(peak),
    )
    return Runs(inputs, kind, asked, np.round(sum(parts), DIGITS))


def _scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _inputs(shape: tuple[int, int], rng: np.random.RandomState) -> np.ndarray:
    """Return inputs that are held for a while, jump, and tremble."""
    runs, steps = shape
    fresh = rng.random_sample(shape) < 0.2
    fresh[:, 0] = True
    source = np.maximum.accumulate(np.where(fresh, np.arange(steps), 0), axis=1)
    held = rng.random_sample(shape)[np.arange(runs)[:, None], source]
    swing = 0.3 + 0.7 * rng.random_sample((runs, 1))
    return np.round(np.clip(swing * held + 0.03 * rng.normal(size=shape), 0, 1), 2)
