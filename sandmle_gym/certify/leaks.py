"""Gates on the files: complete, described, and giving away nothing but what must be learned."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from sandmle_gym.bundle import Gate
from sandmle_gym.certify.evidence import DESCRIPTION, SAMPLE, TEST, TRAIN, Evidence

MIN_PRIVATE_ROWS = 1000
MAX_COPIED = 0.99999
"""Rank correlation with the truth beyond which a column *is* the truth."""

FileGate = Callable[[Evidence], Gate]


def private_rows(evidence: Evidence) -> Gate:
    """At least `MIN_PRIVATE_ROWS` hidden rows decide the reward; fewer make medals a coin flip."""
    count = int(evidence.private.sum())
    detail = f"{count} private rows, at least {MIN_PRIVATE_ROWS} needed"
    return Gate(name="private_rows", passed=count >= MIN_PRIVATE_ROWS, detail=detail)


def files_agree(evidence: Evidence) -> Gate:
    """Ids are unique and the same in test, sample and answers; train has others, and all columns."""
    key = evidence.schema.id_column
    tables = evidence.tables
    missing = [name for name in (TRAIN, TEST, SAMPLE) if key not in tables[name].columns]
    problems = [f"{name} has no column {key!r}" for name in missing]
    if not missing:
        train, test, sample = (tables[name][key] for name in (TRAIN, TEST, SAMPLE))
        problems += [
            f"repeated ids in {n}" for n in (TRAIN, TEST) if tables[n][key].duplicated().any()
        ]
        problems += ["ids differ"] if not set(test) == set(sample) == set(evidence.ids) else []
        problems += ["train and test share ids"] if set(train) & set(test) else []
        extra = [name for name in tables[TEST].columns if name not in tables[TRAIN].columns]
        problems += [f"columns only in test: {extra}"] if extra else []
    detail = "; ".join(problems) or f"{len(tables[TEST])} test ids agree, none is in train"
    return Gate(name="files_agree", passed=not problems, detail=detail)


def files_described(evidence: Evidence) -> Gate:
    """The description names every public file and every column."""
    text = evidence.bundle.public[DESCRIPTION].decode()
    names = [name for name in evidence.bundle.public if name != DESCRIPTION]
    names += [column for name in (TRAIN, TEST, SAMPLE) for column in evidence.tables[name].columns]
    absent = [name for name in dict.fromkeys(names) if not _mentions(text, name)]
    detail = f"not mentioned: {', '.join(absent)}" if absent else "every file and column is named"
    return Gate(name="files_described", passed=not absent, detail=detail)


def train_test_disjoint(evidence: Evidence) -> Gate:
    """No test row is repeated in train, where its label stands."""
    key = evidence.schema.id_column
    train, test = evidence.tables[TRAIN], evidence.tables[TEST]
    features = [name for name in test.columns if name != key and name in train.columns]
    known = set(map(tuple, train[features].to_numpy()))
    twins = sum(tuple(row) in known for row in test[features].to_numpy())
    detail = f"{twins} of {len(test)} test rows are in train"
    return Gate(name="train_test_disjoint", passed=twins == 0, detail=detail)


def answers_not_public(evidence: Evidence) -> Gate:
    """Neither the answers file nor a column that copies the truth is among the public files."""
    bundle = evidence.bundle
    leaks = [name for name, data in bundle.public.items() if bundle.private.answers in data]
    key = evidence.schema.id_column
    for name, table in evidence.tables.items():
        if name == TRAIN or key not in table.columns:
            continue
        aligned = table.drop_duplicates(key).set_index(key).reindex(evidence.ids)
        leaks += [
            f"{name}:{column}" for column in aligned if _copies(aligned[column], evidence.targets)
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


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _copies(column: pd.Series, targets: np.ndarray) -> bool:
    """Tell whether some column of the truth is a monotone function of this one."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        numbers = pd.factorize(column)[0].astype(float)
    if len(numbers) < 2 or np.ptp(numbers) == 0:
        return False
    ranks = _ranks(numbers)
    varied = targets[:, np.ptp(targets, axis=0) > 0]
    return any(abs(np.corrcoef(ranks, _ranks(target))[0, 1]) > MAX_COPIED for target in varied.T)


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(float)
