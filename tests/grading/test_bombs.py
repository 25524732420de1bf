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


BOMBS = {
    # metric, cell, problem: fields may be a megabyte long, so that cells are read rather than refused
    "a billion pixels": ("dice", "1 1000000000", "bad_mask"),
    "pixels beyond any integer": ("dice", "1 " + "9" * 5000, "bad_mask"),
    "a start beyond any integer": ("iou", "9" * 5000 + " 1", "bad_mask"),
    "overlapping runs": ("dice", "1 2 " * 100_000, "bad_mask"),
    "falling runs": ("dice", "9 1 7 1 5 1", "bad_mask"),
    "negative runs": ("dice_hausdorff", "-5 10", "bad_mask"),
    "a megabyte of digits": ("f_beta_pixels", "1" * 10**6, "bad_mask"),
    "a megabyte of spaces and one digit": ("dice", " " * 10**6 + "1", "bad_mask"),
    "a hundred thousand boxes": ("map_over_iou", "a 0.5 1 1 2 2 " * 70_000, "bad_boxes"),
    "boxes without an area": ("map_over_iou", "a 0.5 1 1 1e-300 1e-300", "bad_boxes"),
    "boxes without an end": ("map_over_iou", "a 0.5 1 1 1e308 1e308", "bad_boxes"),
    "a score of NaN": ("map_over_iou", "a NaN 1 1 2 2", "bad_boxes"),
    "a number of a megabyte": ("f2_boxes", "a 0.5 1 1 2 " + "9" * 10**6, "bad_boxes"),
    "a hundred thousand labels": ("f1_samples", "a b c d " * 100_000, "bad_labels"),
    "a label of a megabyte": ("f1_samples", "a" * 10**6, "unknown_label"),
    "a hundred thousand items": ("map_at_k", " ".join(map(str, range(100_000))), "bad_ranking"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_cells_of_several_things_are_refused_before_dear_work(lab_of, csv_of, limited, bomb):
    name, cell, problem = BOMBS[bomb]
    lab = lab_of(name)
    truth = lab.truth(np.random.RandomState(0), 12)
    rows = lab.table(lab.perfect(truth))
    rows[5][-1] = cell
    bundle = lab.bundle(truth, cell_chars=10**6 + 10)
    grade = limited.grade(bundle, csv_of(rows))
    # the csv module itself stops at 128 kB
    assert grade.problem == ("not_csv" if len(cell) > 131_072 else problem), grade.message
    assert len(grade.message) < 400
    _still_the_same(limited)
    fields = lab.bundle(truth)
    shown = limited.grade(fields, csv_of(rows))
    assert not shown.valid
    _still_the_same(limited)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("levenshtein", "ab" * 500),
        ("edit_similarity", "a" * 1000),
        ("word_error_rate", "a " * 500),
        ("jaccard_words", "a " * 500),
        ("dice", " ".join(f"{start} 1" for start in range(1, 31, 2))),
        ("dice_hausdorff", "1 30"),
        ("map_over_iou", "a 1 0 0 2 2 " * 100),
        ("f2_boxes", "a 1 0 0 2 2 " * 100),
        ("f1_centres", "a 1 0 0 2 2 " * 100),
        ("kendall_orders", " ".join(map(str, range(200)))),
    ],
)
def test_the_dearest_files_that_are_accepted_are_scored_within_the_limits(
    lab_of, csv_of, limited, name, cell
):
    """The same for every row, in a file of a thousand, with the error bars of `score`."""
    lab = lab_of(name)
    truth = lab.truth(np.random.RandomState(0), 1000)
    ids = [row[0] for row in lab.table(lab.perfect(truth))[1:]]
    bundle = lab.bundle(truth, cell_chars=1000 if lab.metric.form is Form.TEXT else 2000)
    table = [["id", "y"], *([name, cell] for name in ids)]
    grade = limited.grade(bundle, csv_of(table), standard_error=True)
    assert grade.valid, grade.message
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
    bundle = lab.bundle(truth)
    for row in rows[1:]:
        row[0] *= 40
    rows[1][0] *= bundle.brief.submission.cell_chars // 40
    assert limited.grade(bundle, csv_of(rows)).problem == "field_too_long"
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
    """Long digits are a number, any word may be an item or a text, and blank is a set of none."""
    if lab.metric.form in (Form.RANKING, Form.TEXT):
        return bool(cell.split())
    if lab.metric.form in (Form.LABELS, Form.MASK, Form.BOXES):
        return not cell.strip()
    return cell.isdigit() and cell.isascii() and lab.metric.form in (Form.VALUE, Form.DISTRIBUTION)


def _with_schema(bundle, schema):
    from dataclasses import replace

    return replace(bundle, brief=bundle.brief.model_copy(update={"submission": schema}))


_workers = {}


def _still_the_same(grader):
    """The worker that served the first bomb serves the next."""
    pid = grader._worker._process.pid if grader._worker else None
    assert _workers.setdefault(id(grader), pid) == pid
