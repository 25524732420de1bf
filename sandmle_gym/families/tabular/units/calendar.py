"""A date in which the season or the kind of day matters."""

from datetime import date
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Unit


class Calendar(Unit):
    """Effect: a yearly wave with a random peak, or weekends against working days."""

    kind: str = "calendar"
    hidden: ClassVar[str] = (
        "a yearly wave with a hidden peak, or weekends that differ from working days"
    )
    column: Text
    first: date
    days: int = Field(default=1400, ge=730, le=4000)
    """Length of the period that the dates are from."""
    wave: bool = True
    """Whether it is the season that matters, rather than the weekend."""

    gain: ClassVar[float] = 0.75
    spoilers: ClassVar[tuple[str, ...]] = (
        "weekend",
        "saturday",
        "sunday",
        "cosine",
        "sine",
        "month",
    )

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw days of the period, all equally likely."""
        days = np.datetime64(self.first, "D") + rng.randint(self.days, size=rows)
        name = self.column.name
        columns = {name: Cells(np.datetime_as_string(days).astype(object))}
        if not self.wave:
            # 1970-01-01 was a Thursday
            weekend = (days.astype(np.int64) + 3) % 7 >= 5
            feature = f'both["{name}_weekend"] = (day.dt.day_of_week >= 5).astype(float)\n'
            return Part(columns, weekend.astype(float), _program(name, feature))
        in_year = (days - days.astype("datetime64[Y]")).astype(np.int64) + 1
        peak = rng.randint(1, 366)
        features = (
            "season = 2 * np.pi * day.dt.day_of_year / 365.25\n"
            f'both["{name}_cos"], both["{name}_sin"] = np.cos(season), np.sin(season)\n'
        )
        return Part(
            columns, np.cos(2 * np.pi * (in_year - peak) / 365.25), _program(name, features)
        )


def _program(name: str, features: str) -> str:
    return f'day = pd.to_datetime(both["{name}"])\n{features}both = both.drop(columns="{name}")\n'
