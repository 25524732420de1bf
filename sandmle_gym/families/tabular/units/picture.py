"""A small photograph per row, with a blemish whose size or tint tells what no column does."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from sandmle_gym.families.media import png
from sandmle_gym.families.table import Cells, Text
from sandmle_gym.families.tabular.ingredient import Part, Side, Unit

SIDE = 24
"""Width and height of a photograph, in pixels."""
GRAIN = 5.0
"""Standard deviation of the grain, in grey levels."""
DARKER = 55.0
"""How much darker than its ground a blemish is, in grey levels."""


class Picture(Unit):
    """Effect: the area of the blemish, or its tint: how much redder than blue it is against the ground."""

    kind: str = "picture"
    hidden: ClassVar[str] = (
        "the area of the dark blemish, or how red it is against its ground; light, place and ground "
        "mean nothing"
    )
    column: Text
    folder: Side
    shows: Literal["area", "tint"] = "area"

    gain: ClassVar[float] = 0.8
    spoilers: ClassVar[tuple[str, ...]] = ("area", "how large", "red", "blue", "pixel")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw light, ground, and a blemish of random size, place, stretch and tint on each."""
        radius = rng.uniform(2.5, 7.0, size=rows)
        tint = np.round(rng.normal(size=rows), 4)
        mask = _blemishes(radius, rng)
        pixels = _photographs(mask, tint, rng)
        codes = [f"{code:08x}" for code in rng.permutation(1 << 20)[:rows].tolist()]
        names = [f"{self.folder.file}{code}.png" for code in codes]
        effect = mask.sum(axis=(1, 2)) ** 0.5 if self.shows == "area" else tint

        def files(ids: Sequence[str]) -> Mapping[str, bytes]:
            del ids
            return {name: png(image) for name, image in zip(names, pixels, strict=True)}

        name = self.column.name
        return Part(
            columns={name: Cells(np.array(names, dtype=object))},
            effect=np.round(effect, 6),
            features=(
                f'photographs = read_photographs(both["{name}"])\n'
                f'both["{name}_area"], both["{name}_tint"] = blemish(photographs)\n'
                f'both = both.drop(columns="{name}")\n'
            ),
            files=files,
        )


def _blemishes(radius: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Draw an ellipse of a random place and stretch for each radius; bool (n, SIDE, SIDE)."""
    rows = len(radius)
    x, y = rng.uniform(8.0, SIDE - 9.0, size=(2, rows))
    stretch = np.exp(0.15 * rng.normal(size=rows))
    line, column = np.mgrid[:SIDE, :SIDE]
    across = (column - x[:, None, None]) * stretch[:, None, None]
    down = (line - y[:, None, None]) / stretch[:, None, None]
    return np.round(across**2 + down**2, 4) <= np.round(radius**2, 4)[:, None, None]


def _photographs(mask: np.ndarray, tint: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Paint the blemishes on grounds of different light and slope; uint8 (n, SIDE, SIDE, 3)."""
    rows = len(mask)
    light = rng.uniform(120.0, 200.0, size=rows)[:, None, None, None]
    ground = rng.uniform(-18.0, 18.0, size=(rows, 3))[:, None, None, :]
    slope = rng.uniform(-12.0, 12.0, size=rows)[:, None, None]
    ramp = (slope * np.linspace(-1, 1, SIDE))[..., None]
    shift = np.stack([9.0 * tint, 0 * tint, -9.0 * tint], axis=1)[:, None, None, :]
    grain = GRAIN * rng.normal(size=(rows, SIDE, SIDE, 1))
    dark = np.where(mask[..., None], shift - DARKER, 0.0)
    colour = np.round(light + ground + ramp + dark + grain, 3)
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8)
