r"""A strict CSV reader for untrusted bytes: exactly the columns and ids that were asked for, or a `Problem`.

Work and memory are bounded by the submission schema before anything is parsed. Rows and columns may
come in any order; UTF-8 with or without a byte order mark, `\n` or `\r\n`, blank lines ignored.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandmle_gym.grading.grade import Code, Problem, listed, shown
from sandmle_gym.spec import SubmissionSchema

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A plain number, which may still overflow."""

_LONE_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(frozen=True)
class Table:
    """The cells of a submission, by column; every column has one cell per id."""

    ids: Sequence[str]
    columns: Mapping[str, Sequence[str]]


def read_table(schema: SubmissionSchema, data: bytes) -> Table | Problem:
    """Read a file whose header and row shape are right; the ids are not checked yet.

    At most `schema.rows + 1` rows are read: one more than needed is enough to find the id that is
    repeated or unknown.
    """
    text = _decode(schema, data)
    if isinstance(text, Problem):
        return text
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(filter(None, lines), None)
        if header is None:
            return _empty(schema)
        problem = _check_header(schema, header)
        rows = problem or _rows(schema, lines, len(header))
    except csv.Error as error:
        return Problem("not_csv", f"Line {lines.line_num} is not readable as CSV: {error}.")
    if isinstance(rows, Problem):
        return rows
    if not rows:
        return _empty(schema)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    return Table(columns.pop(schema.id_column), columns)


def check_ids(ids: Sequence[str], known: Mapping[str, int]) -> Problem | None:
    """Check that every known id occurs once and no other."""
    counts = Counter(ids)
    if len(counts) < len(ids):
        repeated = [name for name, count in counts.items() if count > 1]
        return Problem(
            "duplicate_ids",
            f"{len(repeated)} ids occur more than once: {listed(repeated)}; "
            f"every id of test.csv is needed exactly once.",
        )
    unknown = [name for name in counts if name not in known]
    if unknown:
        return Problem(
            "unknown_ids",
            f"{len(unknown)} ids are not in test.csv: {listed(unknown)}; copy the ids unchanged.",
        )
    missing = [name for name in known if name not in counts]
    if missing:
        return Problem(
            "missing_ids",
            f"{len(missing)} of {len(known)} ids are missing: {listed(missing)}; "
            f"every id of test.csv needs a row.",
        )
    return None


def too_large(schema: SubmissionSchema) -> Problem:
    """The problem of a file beyond `schema.max_bytes`."""
    return Problem(
        "too_large",
        f"The file is larger than {schema.max_bytes} bytes, the most that {schema.rows} rows of "
        f"{_header(schema)} can need.",
    )


def at(code: Code, table: Table, column: str, row: int, wanted: str) -> Problem:
    """The problem of one cell: where it stands, what it holds, and what is wanted instead."""
    cell = shown(table.columns[column][row])
    where = f"Column {shown(column)} holds {cell} for id {shown(table.ids[row])}"
    return Problem(code, f"{where}; {wanted} is wanted.")


def _decode(schema: SubmissionSchema, data: bytes) -> str | Problem:
    if len(data) > schema.max_bytes:
        return too_large(schema)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(
            "not_text", f"The file is not UTF-8 text (byte {error.start}); write a plain CSV file."
        )
    if "\0" in text:
        return Problem("not_text", "The file holds NUL bytes; write a plain CSV file.")
    if _LONE_CARRIAGE_RETURN.search(text):
        return Problem(
            "not_csv", r"The file holds a carriage return without \n; end lines with \n."
        )
    return text


def _check_header(schema: SubmissionSchema, header: list[str]) -> Problem | None:
    wanted = [schema.id_column, *schema.columns]
    counts = Counter(header)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        return Problem(
            "repeated_columns",
            f"The header repeats {listed(repeated)}; it must be: {_header(schema)}.",
        )
    missing = [name for name in wanted if name not in counts]
    if missing:
        return Problem(
            "missing_columns",
            f"The header lacks {listed(missing)} (it has {listed(header)}); "
            f"it must be: {_header(schema)}.",
        )
    unknown = [name for name in header if name not in wanted]
    if unknown:
        hint = " (write with index=False)" if unknown[0] in ("", "Unnamed: 0", "index") else ""
        return Problem(
            "unknown_columns",
            f"The header has columns that are not wanted: {listed(unknown)}{hint}; "
            f"it must be: {_header(schema)}.",
        )
    return None


def _rows(
    schema: SubmissionSchema, lines: Iterator[list[str]], width: int
) -> list[list[str]] | Problem:
    rows: list[list[str]] = []
    for number, row in enumerate(filter(None, lines), 1):
        if len(row) != width:
            return Problem(
                "ragged",
                f"Row {number} (starting {shown(row[0])}) has {len(row)} fields where the header "
                f"has {width}.",
            )
        longest = max(row, key=len)
        if len(longest) > schema.cell_chars:
            return Problem(
                "field_too_long",
                f"Row {number} has a field of {len(longest)} characters ({shown(longest)}); "
                f"at most {schema.cell_chars} are accepted.",
            )
        rows.append(row)
        if number > schema.rows:
            break
    return rows


def _empty(schema: SubmissionSchema) -> Problem:
    return Problem(
        "empty", f"The file has no rows; {schema.rows} rows of {_header(schema)} are wanted."
    )


def _header(schema: SubmissionSchema) -> str:
    names = [schema.id_column, *schema.columns]
    return ",".join(names if len(names) <= 8 else [*names[:6], "…", names[-1]])
