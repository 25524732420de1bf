"""The skill budget: a latent whose variance is shared out to what a line, a forest or an insight finds.

    latent = sqrt(1 - noise) * z(sqrt(linear) L + sum sqrt(s_j) B_j + sum sqrt(s_k) U_k) + sqrt(noise) * e

with L a linear mix of plain columns, B_j non-linear blocks, U_k insight units, all standardised (z) and
independent, the shares summing to 1, and e standard normal. So what each level of skill can reach is
decided when the knobs are set, and the posterior of every row is known exactly: normal with mean
`World.mean` and standard deviation `World.spread`.
"""

from dataclasses import dataclass

import numpy as np

from sandmle_gym.families.table import Cells, Quantity, Table, words
from sandmle_gym.families.tabular.ingredient import Part, Source
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.seeding import Label, stream

DIGITS = 6
"""Decimals of the latent: rounding hides the last bits, in which processors differ."""


@dataclass(frozen=True)
class World:
    """The drawn rows, train first, before anything was done to the observations."""

    columns: Table
    mean: np.ndarray
    """float (n,): mean of the latent given all columns."""
    spread: float
    """Its standard deviation."""
    latent: np.ndarray
    """float (n,), about standard normal."""
    linear: Part
    """What the plain columns do together."""
    blocks: tuple[Part, ...]
    units: tuple[Part, ...]


def draw_world(knobs: TabularKnobs, *key: Label) -> World:
    """Draw a world; every ingredient has its own stream below `key`."""
    rows = knobs.rows
    blocks = tuple(_draw(block, rows, *key) for block in knobs.blocks)
    units = tuple(_draw(unit, rows, *key) for unit in knobs.units)
    linear = _linear(knobs.linear, rows, stream(*key, "linear"))
    parts = (linear, *blocks, *units)
    shares = (knobs.linear_share, *knobs.block_shares, *knobs.unit_shares)
    signal = np.zeros(rows)
    for part, share in zip(parts, shares, strict=True):
        signal = signal + np.sqrt(share) * standardised(part.effect)
    mean = np.round(np.sqrt(1 - knobs.noise) * standardised(signal), DIGITS)
    spread = float(np.sqrt(knobs.noise))
    latent = np.round(mean + spread * stream(*key, "noise").normal(size=rows), DIGITS)
    columns: dict[str, Cells] = {}
    for part in (*parts, _distractors(knobs, *key)):
        columns |= part.columns
    names = list(columns)
    order = stream(*key, "column order").permutation(len(names))
    shuffled = {names[k]: columns[names[k]] for k in order}
    return World(shuffled, mean, spread, latent, linear, blocks, units)


def standardised(values: np.ndarray) -> np.ndarray:
    """Shift and scale to mean 0 and variance 1."""
    return (values - values.mean()) / values.std()


def _draw(source: Source, rows: int, *key: Label) -> Part:
    return source.draw(rows, stream(*key, source.kind, *(column.name for column in source.columns)))


def _linear(columns: tuple[Quantity, ...], rows: int, rng: np.random.RandomState) -> Part:
    """Mix correlated columns with random weights, none of them near 0."""
    count = len(columns)
    plain = rng.normal(size=(count, rows))
    mixing = np.eye(count) + 0.4 * rng.normal(size=(count, count))
    cells: dict[str, Cells] = {}
    effect = np.zeros(rows)
    for column, weights in zip(columns, mixing, strict=True):
        mixed = sum(weight * values for weight, values in zip(weights, plain, strict=True))
        values = column.scaled(mixed / np.sqrt((weights**2).sum()))
        weight = rng.normal()
        effect = effect + (weight + 0.3 * np.sign(weight)) * column.standard(values)
        cells[column.name] = column.cells(values)
    return Part(cells, effect)


def _distractors(knobs: TabularKnobs, *key: Label) -> Part:
    rows, cells = knobs.rows, {}
    for column in knobs.distractors:
        rng = stream(*key, "distractor", column.name)
        if isinstance(column, Quantity):
            cells[column.name] = column.cells(column.scaled(rng.normal(size=rows)))
        else:
            cells[column.name] = words(column.levels, rng.randint(len(column.levels), size=rows))
    return Part(cells, np.zeros(rows))
