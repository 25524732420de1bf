"""Gates on the files: complete, described, and giving away nothing but what must be learned."""

import re
from collections.abc import Callable, Mapping

import numpy as np

from sandmle_gym.bundle import Gate
from sandmle_gym.certify.evidence import DESCRIPTION, SAMPLE, TEST, TRAIN, Evidence, Table

MIN_PRIVATE_ROWS = 1000
MAX_COPIED = 0.99999
"""Rank correlation with the truth beyond which a column *is* the truth."""

_FILES = (TRAIN, TEST, SAMPLE)

FileGate = Callable[[Evidence], Gate]


def private_rows(evidence: Evidence) -> Gate:
    """At least `MIN_PRIVATE_ROWS` hidden rows decide the reward; fewer make medals a coin flip."""
    count = int(evidence.private.sum())
    detail = f"{count} private rows, at least {MIN_PRIVATE_ROWS} needed"
    return Gate(name="private_rows", passed=count >= MIN_PRIVATE_ROWS, detail=detail)


def files_agree(evidence: Evidence) -> Gate:
    """Ids are unique and the same in test, sample and answers; train has others, and all columns."""
    key, tables = evidence.schema.id_column, evidence.tables
    problems = [f"{name} has no column {key!r}" for name in _FILES if key not in tables[name]]
    if not problems:
        train, test, sample = (tables[name][key] for name in _FILES)
        repeated = [name for name in _FILES if len(set(tables[name][key])) < len(tables[name][key])]
        problems += [f"repeated ids in {', '.join(repeated)}"] if repeated else []
        agree = set(test) == set(sample) == set(evidence.ids)
        problems += [] if agree else ["test, sample and answers have different ids"]
        problems += ["train and test share ids"] if set(train) & set(test) else []
        extra = [name for name in tables[TEST] if name not in tables[TRAIN]]
        problems += [f"columns only in test: {', '.join(extra)}"] if extra else []
    detail = "; ".join(problems) or f"{len(tables[TEST][key])} test ids agree, none is in train"
    return Gate(name="files_agree", passed=not problems, detail=detail)


def files_described(evidence: Evidence) -> Gate:
    """The description names every public file (or its folder, with a slash) and every column."""
    text = evidence.bundle.public[DESCRIPTION].decode()
    names = [_place(name) for name in evidence.bundle.public if name != DESCRIPTION]
    names += [column for table in evidence.tables.values() for column in table]
    absent = [name for name in dict.fromkeys(names) if not _mentions(text, name)]
    detail = f"not mentioned: {', '.join(absent)}" if absent else "every file and column is named"
    return Gate(name="files_described", passed=not absent, detail=detail)


def train_test_disjoint(evidence: Evidence) -> Gate:
    """No test row is repeated in train, where its label stands."""
    train, test = evidence.tables[TRAIN], evidence.tables[TEST]
    features = [name for name in test if name != evidence.schema.id_column and name in train]
    files = evidence.bundle.public
    known = set(_rows(train, features, files))
    asked = _rows(test, features, files)
    twins = sum(row in known for row in asked)
    detail = f"{twins} of {len(asked)} test rows are in train"
    return Gate(name="train_test_disjoint", passed=twins == 0, detail=detail)


def answers_not_public(evidence: Evidence) -> Gate:
    """Neither the answers file nor a column that copies the truth is among the public files."""
    bundle, key = evidence.bundle, evidence.schema.id_column
    leaks = [name for name, data in bundle.public.items() if bundle.private.answers in data]
    for name, table in evidence.tables.items():
        if set(evidence.ids) <= set(table.get(key, [])):
            place = {row_id: row for row, row_id in enumerate(table[key])}
            rows = [place[row_id] for row_id in evidence.ids]
            leaks += [
                f"{name}:{column}"
                for column, cells in table.items()
                if _copies([cells[row] for row in rows], evidence)
            ]
    detail = f"the truth stands in {', '.join(leaks)}" if leaks else "no public column is the truth"
    return Gate(name="answers_not_public", passed=not leaks, detail=detail)


FILE_GATES: tuple[FileGate, ...] = (
    private_rows,
    files_agree,
    files_described,
    train_test_disjoint,
    answers_not_public,
)


def _place(name: str) -> str:
    """Return a file of the top level as it is, else its folder."""
    folder, slash, _ = name.rpartition("/")
    return folder + slash if slash else name


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w/]){re.escape(name)}(?!\w)", text) is not None


def _rows(
    table: Table, columns: list[str], files: Mapping[str, bytes]
) -> list[tuple[str | bytes, ...]]:
    """Return the rows of some columns, with the content of a file where a cell names it."""
    cells = ([files.get(cell, cell) for cell in table[name]] for name in columns)
    return list(zip(*cells, strict=True))


def _copies(cells: list[str], evidence: Evidence) -> bool:
    """Tell whether some column of the truth is a monotone function of these cells, or is the cells."""
    coding, targets = evidence.coding, evidence.targets
    if not coding.legible:
        written = [" ".join(coding.cells(answer)) for answer in evidence.known.truth]
        same = [" ".join(cell.split()) == text for cell, text in zip(cells, written, strict=True)]
        return float(np.mean(same)) > MAX_COPIED
    ranks = _ranks(_numbers(cells))
    varied = targets[:, np.ptp(targets, axis=0) > 0]
    if np.ptp(ranks) == 0:
        return False
    return any(abs(np.corrcoef(ranks, _ranks(target))[0, 1]) > MAX_COPIED for target in varied.T)


def _numbers(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array(cells)


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(float)
