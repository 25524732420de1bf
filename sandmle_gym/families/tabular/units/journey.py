"""Two places on the map: what counts is how far apart they are."""

from typing import ClassVar

import numpy as np

from sandmle_gym.families.table import Quantity
from sandmle_gym.families.tabular.ingredient import Part, Unit

EARTH_KM = 6371.0
SHORTEST_KM = 0.3
"""Added to every distance before the logarithm."""


class Degrees(Quantity):
    """A coordinate."""

    digits: int = 5


class Journey(Unit):
    """Effect: the logarithm of the great-circle distance between start and end."""

    kind: str = "journey"
    hidden: ClassVar[str] = "the great-circle distance between both places, on a logarithmic scale"
    start_lat: Degrees
    start_lon: Degrees
    end_lat: Degrees
    end_lon: Degrees

    gain: ClassVar[float] = 0.8
    spoilers: ClassVar[tuple[str, ...]] = ("distance", "haversine", "great circle", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw places around a centre."""
        fields = (self.start_lat, self.start_lon, self.end_lat, self.end_lon)
        values = [field.scaled(rng.normal(size=rows)) for field in fields]
        names = [field.name for field in fields]
        arguments = ", ".join(f'both["{name}"]' for name in names)
        distance = great_circle(*values)
        return Part(
            columns={f.name: f.cells(v) for f, v in zip(fields, values, strict=True)},
            effect=np.round(np.log(distance + SHORTEST_KM), 6),
            features=(
                f'both["way"] = np.log(great_circle({arguments}) + {SHORTEST_KM})\n'
                f"both = both.drop(columns={names})\n"
            ),
        )


def great_circle(
    lat1: np.ndarray, lon1: np.ndarray, lat2: np.ndarray, lon2: np.ndarray
) -> np.ndarray:
    """Return the distance in kilometres of places in degrees (the haversine formula)."""
    a, b, c, d = (np.radians(values) for values in (lat1, lon1, lat2, lon2))
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(half))
