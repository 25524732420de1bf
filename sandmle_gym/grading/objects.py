"""Cells that hold several things: sets of labels, masks, boxes; bombs are refused before dear work."""

import re

import numpy as np

from sandmle_gym.grading.grade import Problem, listed
from sandmle_gym.grading.table import NUMBER, Table, at
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import SubmissionSchema

MAX_BOXES = 100
"""Most boxes of one image (COCO's limit): matching costs boxes times true boxes."""
MAX_COORDINATE = 1e6
MIN_SIDE = 1e-3
"""Shortest side of a box, so that areas do not vanish."""

_WHOLE_NUMBERS = re.compile(r"[0-9 ]*")
_LONGEST_NUMBER = 9


def label_sets(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray | Problem:
    """Read lists of labels: bool (n, labels)."""
    column = schema.columns[0]
    positions = {label: position for position, label in enumerate(schema.labels)}
    sets = np.zeros((len(table.ids), len(positions)), dtype=bool)
    for row, cell in enumerate(table.columns[column]):
        names = cell.split()
        if any(name not in positions for name in names):
            wanted = f"labels separated by spaces, out of {listed(schema.labels, limit=12)},"
            return at("unknown_label", table, column, row, wanted)
        if len(set(names)) < len(names):
            wanted = "each label at most once"
            return at("bad_labels", table, column, row, wanted)
        sets[row, [positions[name] for name in names]] = True
    return sets


def masks(schema: SubmissionSchema, metric: Metric, table: Table) -> np.ndarray | Problem:
    """Read run-length encoded masks: object (n,) of int (runs, 2), first pixel and the one after the last."""
    column = schema.columns[0]
    height, width = int(metric.params["height"]), int(metric.params["width"])
    read = np.empty(len(table.ids), dtype=object)
    for row, cell in enumerate(table.columns[column]):
        runs = _runs(cell, height * width)
        if isinstance(runs, str):
            return at("bad_mask", table, column, row, f"{runs} for {height} x {width} pixels")
        read[row] = runs
    return read


def _runs(cell: str, pixels: int) -> np.ndarray | str:
    """Read the runs of one mask, or say what is wanted instead."""
    numbers = cell.split()
    if not _WHOLE_NUMBERS.fullmatch(cell) or len(numbers) % 2:
        return 'pairs of whole numbers "start length", pixels counted from 1 down the columns,'
    if any(len(number) > _LONGEST_NUMBER for number in numbers):
        return f"a run that ends by pixel {pixels}"
    runs = np.array([int(number) for number in numbers], dtype=np.int64).reshape(-1, 2)
    runs[:, 0] -= 1
    if (runs < [0, 1]).any():
        return "starts and lengths of at least 1"
    runs[:, 1] += runs[:, 0]
    if (runs[1:, 0] < runs[:-1, 1]).any():
        return "runs in rising order that do not overlap"
    if len(runs) and runs[-1, 1] > pixels:
        return f"a run that ends by pixel {pixels}"
    return runs


def boxes(schema: SubmissionSchema, _: Metric, table: Table) -> np.ndarray | Problem:
    """Read boxes: object (n,) of float (boxes, 6): label position, score, x, y, width, height."""
    column = schema.columns[0]
    positions = {label: position for position, label in enumerate(schema.labels)}
    read = np.empty(len(table.ids), dtype=object)
    for row, cell in enumerate(table.columns[column]):
        found = _boxes(cell, positions)
        if isinstance(found, str):
            return at("bad_boxes", table, column, row, found)
        read[row] = found
    return read


def _boxes(cell: str, positions: dict[str, int]) -> np.ndarray | str:
    """Read the boxes of one image, or say what is wanted instead."""
    words, size = cell.split(), 6 if positions else 5
    if len(words) % size or len(words) > size * MAX_BOXES:
        parts = '"label score x y width height"' if positions else '"score x y width height"'
        return f"at most {MAX_BOXES} times {parts} separated by spaces"
    rows = [words[start : start + size] for start in range(0, len(words), size)]
    labels = [row.pop(0) for row in rows] if positions else []
    if any(label not in positions for label in labels):
        return f"a label out of {listed(tuple(positions), limit=12)}"
    if not all(NUMBER.fullmatch(word) for row in rows for word in row):
        return "plain finite numbers after the label" if positions else "plain finite numbers"
    found = np.zeros((len(rows), 6))
    found[:, 0] = [positions[label] for label in labels] if positions else 0
    found[:, 1:] = np.array([list(map(float, row)) for row in rows]).reshape(-1, 5)
    if ((found[:, 1] < 0) | (found[:, 1] > 1)).any():
        return "scores from 0 to 1"
    if (np.abs(found[:, 2:]) > MAX_COORDINATE).any() or (found[:, 4:] < MIN_SIDE).any():
        return f"boxes within {MAX_COORDINATE:g} with sides of at least {MIN_SIDE:g}"
    return found
