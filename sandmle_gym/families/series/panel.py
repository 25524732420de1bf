"""Daily values of many places: week, price, deals and a longer rhythm add up in logarithms."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Effect = Annotated[float, Field(gt=0, le=1)]
SignedEffect = Annotated[float, Field(ge=-1, le=1)]

WAKE_DAYS = 4
"""Days after a deal on which people still live off what they bought."""
DIGITS = 6


class Rhythm(Frozen):
    """A rhythm besides the week's: the days after a day of the month, or a rota of days."""

    kind: Literal["month", "rota"]
    days: int = Field(ge=3, le=21)
    """For `month` how long the effect lasts, for `rota` the period."""


class Effects(Frozen):
    """How strongly things act: standard deviations or heights of the natural logarithm of the target."""

    level: Effect
    week: Effect
    price: SignedEffect
    """Positive where a high price keeps people away."""
    deal: SignedEffect
    wake: SignedEffect
    """Positive where the days after a deal are worse."""
    rhythm: Effect
    trend: Effect
    """Standard deviation of the change over a hundred days, from place to place."""
    own: Effect
    """Share by which the effects of price, deals and week vary from place to place."""
    noise: Effect


@dataclass(frozen=True)
class Panel:
    """All days of all places; arrays are (places, days)."""

    days: list[date]
    price: np.ndarray
    deal: np.ndarray
    """int: 0 for none."""
    closed: np.ndarray
    """bool: nothing was sold."""
    mean: np.ndarray
    """Mean of the logarithm of the target."""
    log: np.ndarray
    """The logarithm of the target."""


def draw_panel(
    effects: Effects, rhythm: Rhythm, first: date, shape: tuple[int, int], deals: int, *key: Label
) -> Panel:
    """Draw places and days of this shape; `deals` is the number of kinds of a deal."""
    places, count = shape
    days = [first + timedelta(days=k) for k in range(count)]
    ticks = np.round(_blocks(stream(*key, "price"), shape, 9.0), 3)
    running = _blocks(stream(*key, "deal"), shape, 4.0)
    deal = np.where(running > 1.0, 1 + (running > 1.5) * (deals > 1), 0).astype(int)
    rng = stream(*key, "places")

    def own() -> np.ndarray:
        return 1 + effects.own * rng.normal(size=(places, 1))

    weekday = np.array([day.weekday() for day in days])
    week = rng.normal(size=7)
    week = effects.week * (week - week.mean()) / week.std()
    base = np.round(np.exp(rng.normal(size=(places, 1))) * 4 + 1, 2)
    price = np.round(base * np.exp(0.1 * ticks), 2)
    effect_of_deal = effects.deal * np.array([0, 1.0, 1.6])[deal]
    mean = (
        effects.level * rng.normal(size=(places, 1))
        + week[weekday] * own()
        - effects.price * 10 * np.log(price / base) * own()
        + effect_of_deal * own()
        - effects.wake * _wake(deal)
        + effects.rhythm * _rhythm(rhythm, days, rng)
        + effects.trend * rng.normal(size=(places, 1)) * np.arange(count) / 100
    )
    mean = np.round(mean, DIGITS)
    noise = stream(*key, "noise").normal(size=shape)
    closed = stream(*key, "closed").random_sample(shape) < 0.03
    return Panel(days, price, deal, closed, mean, np.round(mean + effects.noise * noise, DIGITS))


def _blocks(rng: np.random.RandomState, shape: tuple[int, int], length: float) -> np.ndarray:
    """Return normal values that stay the same for `length` days on average."""
    places, days = shape
    values = rng.normal(size=shape)
    fresh = rng.random_sample(shape) < 1 / length
    fresh[:, 0] = True
    source = np.maximum.accumulate(np.where(fresh, np.arange(days), 0), axis=1)
    return values[np.arange(places)[:, None], source]


def _wake(deal: np.ndarray) -> np.ndarray:
    """Return 1 on the day after a deal, fading to 0."""
    wake = np.zeros(deal.shape)
    for back in range(1, WAKE_DAYS + 1):
        height = 1 - (back - 1) / WAKE_DAYS
        before = np.zeros(deal.shape)
        before[:, back:] = (deal[:, :-back] > 0) * height
        wake = np.maximum(wake, before)
    return wake * (deal == 0)


def _rhythm(rhythm: Rhythm, days: list[date], rng: np.random.RandomState) -> np.ndarray:
    """Return the height of the longer rhythm on every day, (days,), of mean 0 and variance 1."""
    if rhythm.kind == "month":
        start = rng.randint(1, 29)
        since = np.array([(day.day - start) % 30 for day in days])
        height = np.maximum(0, 1 - since / rhythm.days)
    else:
        pattern = rng.normal(size=rhythm.days)
        height = pattern[np.array([day.toordinal() for day in days]) % rhythm.days]
    return (height - height.mean()) / height.std()
