"""Scenes of pages: a scrap of print, and what years and a poor copier have made of it."""

import numpy as np

from sandmle_gym.families.image.canvas import clouds, grain, grid, per_picture
from sandmle_gym.seeding import Label, stream

GLYPH = (7, 5)
"""Height and width of a glyph in pixels; lines are nine apart, glyphs six."""

LETTERS = 12
"""Glyphs in the typeface of a task."""


def typeface(*key: Label) -> np.ndarray:
    """Draw the glyphs of a task from strokes along a 3 by 3 lattice, bool (LETTERS, 7, 5)."""
    rng = stream(*key, "typeface")
    glyphs = np.zeros((LETTERS, *GLYPH), bool)
    for glyph in glyphs:
        for stroke in rng.permutation(10)[: rng.randint(3, 5)]:
            if stroke < 6:
                half, column = divmod(stroke, 3)
                glyph[3 * half : 3 * half + 4, 2 * column] = True
            else:
                half, row = divmod(stroke - 6, 2)
                glyph[3 * row + 3 * half, 0:5] = True
    return glyphs


def print_pages(count: int, size: int, *key: Label) -> np.ndarray:
    """Draw scraps of clean print, 1.0 for ink and 0.0 for paper, (n, size, size)."""
    rng = stream(*key, "print")
    glyphs = typeface(*key)
    lines, letters = size // 9 + 2, size // 6 + 2
    sheet = np.zeros((count, 9 * lines, 6 * letters))
    text = rng.randint(LETTERS, size=(count, lines, letters))
    inked = rng.random_sample((count, lines, letters)) < 0.85
    for line in range(lines):
        for letter in range(letters):
            ink = glyphs[text[:, line, letter]] * inked[:, line, letter, None, None]
            sheet[:, 9 * line : 9 * line + 7, 6 * letter : 6 * letter + 5] = ink
    down, right = rng.randint(9, size=count), rng.randint(6, size=count)
    rows = down[:, None] + np.arange(size)
    columns = right[:, None] + np.arange(size)
    return sheet[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def aged(ink: np.ndarray, stain: float, *key: Label) -> np.ndarray:
    """Return light (n, h, w) of pages after blur, fading, stains, a fold and the copier's noise.

    Args:
        ink: Clean print.
        stain: Depth of stains, a share of the light.
        key: First labels of the stream.
    """
    rng = stream(*key, "age")
    count, size = len(ink), ink.shape[1]
    rows, columns = grid(size, size)
    soft = ink
    for axis in (1, 2):
        edge = [(0, 0)] * 3
        edge[axis] = (1, 1)
        wide = np.pad(soft, edge, mode="edge")
        before, after = (np.take(wide, np.arange(size) + step, axis) for step in (0, 2))
        soft = 0.7 * soft + 0.15 * (before + after)
    light = 0.78 + stain * clouds(rng, count, (size, size), 3) / 2
    turn = rng.uniform(0, np.pi, size=count)
    across = per_picture(np.cos(turn)) * (rows - size / 2) + per_picture(np.sin(turn)) * (
        columns - size / 2
    )
    away = across - per_picture(rng.uniform(-0.4, 0.4, size=count) * size)
    light -= per_picture(rng.uniform(0.1, 0.35, size=count)) * np.exp(-((away / 1.2) ** 2))
    depth = per_picture(rng.uniform(0.25, 0.65, size=count))
    return light * (1 - depth * soft) + grain(rng, light.shape, 0.03)
