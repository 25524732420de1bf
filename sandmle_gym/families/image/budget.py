"""The budget of a picture: a hidden number whose variance is shared out among things that can be seen.

    latent = sqrt(1 - noise) * z(sum_k sqrt(share_k) * effect_k(u_k)) + sqrt(noise) * e

with factors u_k uniform on [-1, 1], each drawn into the picture, effects linear or curved (the second
Legendre polynomial, which no linear model sees) and e standard normal. The shares decide how far each
level of skill gets, and the posterior of every picture is known exactly.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

DIGITS = 6

Role = Literal["plain", "insight", "curved"]
"""What finds a factor: any sound pipeline, a measurement, or a measurement in the right form."""


class Part(Frozen):
    """One factor of one outcome."""

    factor: str
    role: Role
    share: float


class Latent(NamedTuple):
    """The hidden number of every picture."""

    mean: np.ndarray
    """float (n,): its mean given all factors."""
    spread: float
    values: np.ndarray
    """float (n,), about standard normal."""


def draw_factors(names: tuple[str, ...], rows: int, *key: Label) -> dict[str, np.ndarray]:
    """Draw every factor, uniform on [-1, 1], each from its own stream."""
    return {
        name: np.round(stream(*key, "factor", name).uniform(-1, 1, size=rows), DIGITS)
        for name in names
    }


def mix(
    parts: tuple[Part, ...], factors: Mapping[str, np.ndarray], noise: float, *key: Label
) -> Latent:
    """Mix the hidden number of one outcome."""
    rng = stream(*key, "signs")
    signal = np.zeros(len(next(iter(factors.values()))))
    for part in parts:
        value = factors[part.factor]
        effect = 1.5 * value**2 - 0.5 if part.role == "curved" else value
        sign = rng.choice((-1.0, 1.0))
        signal = signal + sign * np.sqrt(part.share) * effect / effect.std()
    mean = np.round(np.sqrt(1 - noise) * (signal - signal.mean()) / signal.std(), DIGITS)
    spread = float(np.sqrt(noise))
    error = stream(*key, "noise").normal(size=len(mean))
    return Latent(mean, spread, np.round(mean + spread * error, DIGITS))


def shared(
    roles: Mapping[str, Role], weights: Mapping[Role, float], rng: np.random.RandomState
) -> tuple[Part, ...]:
    """Share the budget out; `weights` sum to 1.

    The first insight is worth a third more than each of the others: it must earn a medal by itself.
    """
    parts: list[Part] = []
    for role, weight in weights.items():
        names = [name for name, given in roles.items() if given == role]
        sizes = 0.9 + 0.2 * rng.random_sample(len(names))
        if role == "insight" and len(names) > 1:
            sizes[0] *= 1.35
        shares = np.round(weight * sizes / sizes.sum(), 4)
        parts += [
            Part(factor=name, role=role, share=float(share))
            for name, share in zip(names, shares, strict=True)
        ]
    return tuple(parts)
