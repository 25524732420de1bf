"""A shop with regular customers: what each has bought, and how much each would like each product now.

    utility = strength * sum_k sqrt(share_k) * z(effect_k)

over customers and products, with effects for the product's popularity, the taste of the customer's circle
for its sort, whether it is due again, whether it goes with what was bought last, and how well its price
fits the customer's plan. All but the first are functions of the rounded cells that the files show.
"""

from typing import NamedTuple

import numpy as np

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

HOURS = 24 * 90
"""Length of the log."""
HABITS = 4
"""Products that a customer buys again and again."""
REPEATS = 3
"""Purchases of each of them."""
COMPANION = 0.4
"""Probability that a purchase is followed by its companion."""
FIT = 0.4
"""How far from one cycle a product is still due, as a share of the cycle."""


class Shares(Frozen):
    """How the variance of the utility is shared out."""

    popular: float
    taste: float
    due: float
    companion: float
    price: float


class Log(NamedTuple):
    """Purchases in the order of time, int (n,) each."""

    customer: np.ndarray
    product: np.ndarray
    hour: np.ndarray


class Shop(NamedTuple):
    """What was drawn."""

    log: Log
    circle: np.ndarray
    """int (customers,)"""
    price: np.ndarray
    """float (products,): the standardised logarithm."""
    plan: np.ndarray
    """float (customers,): on the scale of `price`."""
    effects: dict[str, np.ndarray]
    """Name of a share -> float (customers, products)."""


def open_shop(customers: int, sorts: np.ndarray, circles: int, *key: Label) -> Shop:
    """Draw the shop; `sorts` is the sort of every product, int (products,)."""
    rng = stream(*key, "shop")
    count = len(sorts)
    popular = rng.permutation(np.linspace(-1.5, 1.5, count))
    taste = np.round(rng.normal(size=(circles, sorts.max() + 1)), 4)
    cycle = np.round(rng.permutation(np.linspace(5, 26, count)) * 24)
    order = rng.permutation(count)
    companion = np.empty(count, int)
    companion[order] = np.roll(order, 1)
    circle = rng.randint(circles, size=customers)
    price, plan = (np.round(rng.normal(size=size), 2) for size in (count, customers))
    liking = popular + taste[circle][:, sorts]
    log = _shopping(0.7 * liking, cycle, companion, stream(*key, "log"))
    shape = customers, count
    fresh = HOURS - _last(log, shape)
    ratio = np.where(fresh <= HOURS, fresh, np.inf) / cycle
    effects = {
        "popular": np.broadcast_to(popular, shape),
        "taste": taste[circle][:, sorts],
        "due": np.exp(-(((np.minimum(ratio, 9) - 1) / FIT) ** 2)),
        "companion": (companion[_newest(log, customers)][:, None] == np.arange(count)).astype(
            float
        ),
        "price": -((price - plan[:, None]) ** 2),
    }
    return Shop(log, circle, price, plan, effects)


def utility(effects: dict[str, np.ndarray], shares: Shares, strength: float) -> np.ndarray:
    """Mix the effects, float (customers, products), rounded so that its order is the same everywhere."""
    total = np.zeros(next(iter(effects.values())).shape)
    for name, share in shares:
        effect = effects[name]
        total = total + np.sqrt(share) * (effect - effect.mean()) / effect.std()
    return np.round(strength * total, 5)


def gumbel(rng: np.random.RandomState, shape: tuple[int, int]) -> np.ndarray:
    """Draw the noise that makes choices follow exp(utility) (Luce 1959; Yellott 1977)."""
    return np.round(-np.log(-np.log(rng.random_sample(shape) * 0.999998 + 1e-6)), 5)


def _shopping(
    liking: np.ndarray, cycle: np.ndarray, companion: np.ndarray, rng: np.random.RandomState
) -> Log:
    """Buy the habitual products about once a cycle, and now and then what goes with them."""
    customers = len(liking)
    wish = np.round(liking, 5) + gumbel(rng, liking.shape)
    habit = (-wish).argsort(axis=1, kind="stable")[:, :HABITS]
    beat = cycle[habit][:, :, None]
    last = rng.uniform(0.03, 2.0, size=(customers, HABITS, 1))
    steps = np.maximum(1 + 0.15 * rng.normal(size=(customers, HABITS, REPEATS)), 0.4)
    steps[:, :, :1] = last
    hour = HOURS - np.round(beat * steps.cumsum(axis=2))
    shape = hour.shape
    customer = np.broadcast_to(np.arange(customers)[:, None, None], shape).ravel()
    product = np.broadcast_to(habit[:, :, None], shape).ravel()
    hour = hour.ravel()
    led = np.flatnonzero(rng.random_sample(hour.size) < COMPANION)
    later = np.minimum(hour[led] + 1 + rng.randint(3, size=len(led)), HOURS)
    customer, product, hour = (
        np.concatenate(pair)
        for pair in ((customer, customer[led]), (product, companion[product[led]]), (hour, later))
    )
    kept = hour > 0
    customer, product, hour = customer[kept], product[kept], hour[kept].astype(int)
    order = np.lexsort((product, customer, hour))
    return Log(customer[order], product[order], hour[order])


def _last(log: Log, shape: tuple[int, int]) -> np.ndarray:
    """Return the hour of the last purchase, float (customers, products); far in the past without one."""
    last = np.full(shape, -1.0)
    last[log.customer, log.product] = log.hour  # in the order of time: the last one stays
    return last


def _newest(log: Log, customers: int) -> np.ndarray:
    """Return the product that each customer bought last, int (customers,)."""
    newest = np.zeros(customers, int)
    newest[log.customer] = log.product
    return newest
