"""What the columns of someone's table are: numbers, categories, dates or text."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import pandas as pd

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True)
class Column:
    """One feature as the description shows it."""

    name: str
    kind: Kind
    holds: str
    """Its range, its commonest values, or an example."""
    missing: float
    """Share of missing cells, 0 to 1."""


def pick(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one column of a table whose column names are unique."""
    return cast("pd.Series", frame[name])


def describe(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Describe every column of a table."""
    return tuple(_column(name, pick(frame, name)) for name in frame.columns)


def kind_of(column: pd.Series) -> Kind:
    """Say what a column holds, from its type and its non-missing values."""
    if pd.api.types.is_bool_dtype(column):
        return Kind.CATEGORY
    if pd.api.types.is_numeric_dtype(column):
        return Kind.NUMBER
    if pd.api.types.is_datetime64_any_dtype(column):
        return Kind.DATE
    texts = column.dropna().astype(str)
    if texts.str.fullmatch(_DATE).mean() > 0.95:
        return Kind.DATE
    words = texts.str.count(r"\s+").mean() + 1
    return Kind.TEXT if words > 3 and texts.nunique() > len(texts) / 4 else Kind.CATEGORY


def _column(name: str, column: pd.Series) -> Column:
    known, kind = column.dropna(), kind_of(column)
    if kind is Kind.NUMBER:
        holds = f"{known.min():g} to {known.max():g}"
    elif kind is Kind.DATE:
        holds = f"{known.astype(str).min()} to {known.astype(str).max()}"
    elif kind is Kind.TEXT:
        holds = f"about {known.astype(str).str.split().str.len().median():.0f} words"
    else:
        common = known.astype(str).value_counts()
        holds = ", ".join(str(value) for value in common.index[:4])
        holds += f" … ({len(common)} values)" if len(common) > 4 else ""
    return Column(name, kind, holds, float(column.isna().mean()))
