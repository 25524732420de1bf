"""Drawing many small pictures at once: arrays (n, h, w) or (n, h, w, 3) of light from 0 to 1.

Everything is element by element in double precision, and light is rounded before it becomes bytes, so
that every machine draws the same pixels.
"""

import numpy as np

from sandmle_gym.families.media import png


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and the column of every pixel, float (h, w) each."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    return rows, columns


def per_picture(values: np.ndarray) -> np.ndarray:
    """Turn one number a picture (n,) into an array that spreads over its pixels, (n, 1, 1)."""
    return np.asarray(values, dtype=float)[:, None, None]


def clouds(
    rng: np.random.RandomState, count: int, shape: tuple[int, int], cells: int
) -> np.ndarray:
    """Draw smooth fields (n, h, w) with about unit variance and `cells` hills along each side."""
    field = rng.normal(size=(count, cells + 1, cells + 1)) * 1.5
    for axis, length in enumerate(shape, start=1):
        place = np.linspace(0, cells - 1e-9, length)
        left = place.astype(int)
        weight = place - left
        weight = weight[:, None] if axis == 1 else weight
        field = field.take(left, axis) * (1 - weight) + field.take(left + 1, axis) * weight
    return field


def grain(rng: np.random.RandomState, shape: tuple[int, ...], spread: float) -> np.ndarray:
    """Draw the noise of a sensor: triangular, standard deviation `spread`, cheap."""
    first, second = (rng.randint(256, size=shape, dtype=np.uint8) for _ in range(2))
    return (first.astype(float) - second) * (spread / 104.5)


def hill(rows: np.ndarray, columns: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
    """Return a bell of height 1 over the distance from (0, 0)."""
    return np.exp(-(rows**2 + columns**2) / (2 * np.square(radius)))


def inside(depth: np.ndarray, softness: float = 0.7) -> np.ndarray:
    """Return how much of a pixel lies inside, 0 to 1, from its depth below the edge in pixels."""
    return np.clip(depth / (2 * softness) + 0.5, 0, 1)


def stamp(
    pictures: np.ndarray,
    centre: tuple[np.ndarray, np.ndarray],
    radius: np.ndarray,
    ink: np.ndarray,
) -> None:
    """Lay one soft disc on every picture, in place.

    Args:
        pictures: float (n, h, w) or (n, h, w, 3), contiguous.
        centre: Row and column of the discs, (n,) each; what lies outside is cut off.
        radius: In pixels (n,); 0 for no disc.
        ink: Light (n,) or colour (n, 3) that replaces what is below.
    """
    _, height, width = pictures.shape[:3]
    drawn = np.flatnonzero(radius > 0)
    reach = int(radius.max() + 1.2)  # half a pixel of rounding, and the soft edge
    window = np.arange(-reach, reach + 1)
    rows, columns = (np.round(axis[drawn]).astype(int)[:, None] + window for axis in centre)
    away = np.hypot(
        (rows - centre[0][drawn, None])[:, :, None], (columns - centre[1][drawn, None])[:, None]
    )
    cover = inside(per_picture(radius[drawn]) - away)
    visible = cover > 0
    visible &= ((rows >= 0) & (rows < height))[:, :, None]
    visible &= ((columns >= 0) & (columns < width))[:, None]
    pixel = (drawn[:, None, None] * height + rows[:, :, None]) * width + columns[:, None]
    pixel, cover = pixel[visible], cover[visible][:, None]
    flat = pictures.reshape(len(pictures) * height * width, -1)
    owner = np.broadcast_to(drawn[:, None, None], visible.shape)[visible]
    flat[pixel] += cover * (ink.reshape(len(ink), -1)[owner] - flat[pixel])


def shuffled(
    rng: np.random.RandomState, count: int, places: int, pull: np.ndarray | float = 0.0
) -> np.ndarray:
    """Draw an order of places for every picture, int (n, places), so that nothing overlaps.

    Places with a larger `pull`, (n, places), tend to come first.
    """
    return np.round(rng.random_sample((count, places)) - pull, 6).argsort(axis=1, kind="stable")


def tinted(light: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Colour a plane (n, h, w) by (3,) or one colour a picture (n, 3)."""
    return light[..., None] * (colour if colour.ndim == 1 else colour[:, None, None, :])


def developed(light: np.ndarray) -> np.ndarray:
    """Turn light into bytes, uint8; rounded first, because the last bits differ between processors."""
    return np.round(np.round(255 * np.clip(light, 0, 1), 4)).astype(np.uint8)


def as_files(pictures: np.ndarray, names: list[str]) -> dict[str, bytes]:
    """Write pictures, uint8, as PNG files."""
    return {name: png(picture) for name, picture in zip(names, pictures, strict=True)}
