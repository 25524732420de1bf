"""Files made to cost time or memory are refused by name, all in one and the same worker."""

import numpy as np
import pytest

from sandmle_gym.grading import Grader, WorkerLimits
from sandmle_gym.spec import Form

# ten megabytes may be sent, so that these files are read rather than turned away at the door
ROWS, LIMITS = 20_000, WorkerLimits(memory_mb=512, cpu_seconds=10)

FILES = {
    "100000 columns": (b"id," + b",".join(b"c%d" % n for n in range(10**5)), "missing_columns"),
    "100000 equal columns": (b"id," + b"y," * 10**5, "repeated_columns"),
    "a megabyte as header": (b"x" * 10**6, "not_csv"),
    "a megabyte in a field": (b"{header}\n" + b"9" * 10**6, "not_csv"),
    "120 kB in a field": (b"{header}\n" + b"9" * 120_000 + b",1" * 9, "ragged"),
    "a row of 100000 fields": (b"{header}\n" + b"1," * 10**5, "ragged"),
    "a quote never closed": (b"{header}\n" + b'"' + b"1,2\n" * 10**6, "not_csv"),
    "a megabyte of quotes": (b"{header}\n" + b'"' * 10**6, "not_csv"),
    "quotes in every field": (b"{header}\n" + b'"a""b"' * 10**5, "not_csv"),
    "NUL bytes": (b"{header}\n" + b"\0" * 10**6, "not_text"),
    "ten million line ends": (b"\n" * 10**7, "empty"),
    "carriage returns": (b"{header}\n" + b"\r" * 10**6, "not_csv"),
    "a million short rows": (b"{header}\n" + b"1\n" * 10**6, "ragged"),
    "invalid UTF-8": (b"{header}\n" + b"\xf0\x9f" * 10**6, "not_text"),
    "a zip file": (b"PK\x03\x04" + bytes(range(256)) * 1000, "not_text"),
    "twenty megabytes": (b"1" * 3 * 10**7, "too_large"),
}

CELLS = {
    "deep exponent": "1e999999999",
    "negative deep exponent": "-1e+999999999",
    "long digits": "9" * 64,
    "unicode digits": "٣",
    "full-width digits": "１",
    "underscores": "1_0",
    "hexadecimal": "0x1p3",
    "blank": "",
    "spaces": " " * 60,
    "nan": "nan",
    "signed infinity": "-Infinity",
    "formula": "=1+1",
    "terminal escape": "\x1b[2J",
    "right-to-left override": "\u202e1",
    "line end in quotes": '1\n',
    "expression": "__import__('os')",
}  # fmt: skip


@pytest.fixture(scope="module")
def limited():
    """A grader whose worker must neither die nor run out of its limits."""
    with Grader(LIMITS) as grader:
        yield grader


@pytest.mark.parametrize(
    "name", ["rmse", "roc_auc_columns", "log_loss_multiclass", "accuracy", "map_at_k"]
)
def test_file_bombs_are_refused_by_name_for_every_form(lab_of, limited, name):
    lab = lab_of(name)
    truth = lab.truth(np.random.RandomState(0), 50)
    bundle = lab.bundle(truth)
    schema = bundle.brief.submission.model_copy(update={"cell_chars": 64 * ROWS // 50})
    bundle = _with_schema(bundle, schema)
    assert 9 * 10**6 < schema.max_bytes < 3 * 10**7
    header = ",".join(["id", *schema.columns]).encode()
    assert limited.check(bundle, None).problem == "missing"
    for bomb, (data, problem) in FILES.items():
        grade = limited.check(bundle, data.replace(b"{header}", header))
        assert grade.problem == problem, f"{bomb}: {grade.message[:200]}"
        assert len(grade.message) < 1000
        _still_the_same(limited)


def test_cell_bombs_never_score_whatever_the_metric(lab, csv_of, limited):
    random = np.random.RandomState(0)
    truth = lab.truth(random, 12)
    bundle, rows = lab.bundle(truth), lab.table(lab.perfect(truth))
    for bomb, cell in CELLS.items():
        table = [row.copy() for row in rows]
        table[5][-1] = cell
        grade = limited.grade(bundle, csv_of(table))
        if _legitimate(lab, cell):
            assert grade.valid
            continue
        assert not grade.valid, bomb
        assert grade.score is None
        assert grade.problem != "too_expensive"
        assert grade.message.isprintable()
        table[5][-1], table[5][0] = rows[5][-1], cell
        assert limited.grade(bundle, csv_of(table)).problem == "unknown_ids"
        _still_the_same(limited)
    assert limited.grade(bundle, csv_of(rows)).valid


def test_many_huge_ids_are_refused(lab, csv_of, limited):
    random = np.random.RandomState(0)
    truth = lab.truth(random, 12)
    rows = lab.table(lab.perfect(truth))
    for row in rows[1:]:
        row[0] *= 40
    assert limited.grade(lab.bundle(truth), csv_of(rows)).problem == "field_too_long"
    _still_the_same(limited)


def test_many_more_rows_than_wanted_cost_no_more_than_the_wanted_ones(lab_of, limited):
    lab = lab_of("mae")
    bundle = lab.bundle(np.arange(ROWS * 1.0))
    grade = limited.check(bundle, b"id,y\n" + b"r1,1\n" * 2 * 10**6)
    assert grade.problem == "duplicate_ids"
    assert (
        limited.check(bundle, b"id,y\n" + b"".join(b"%x,1\n" % n for n in range(10**6))).problem
        == "unknown_ids"
    )
    _still_the_same(limited)


def _legitimate(lab, cell):
    """Long digits are a number, and any word is an item that may be recommended."""
    if lab.metric.form is Form.RANKING:
        return bool(cell.split())
    return cell.isdigit() and cell.isascii() and lab.metric.form in (Form.VALUE, Form.DISTRIBUTION)


def _with_schema(bundle, schema):
    from dataclasses import replace

    return replace(bundle, brief=bundle.brief.model_copy(update={"submission": schema}))


_workers = {}


def _still_the_same(grader):
    """The worker that served the first bomb serves the next."""
    pid = grader._worker._process.pid if grader._worker else None
    assert _workers.setdefault(id(grader), pid) == pid
