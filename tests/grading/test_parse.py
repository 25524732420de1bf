"""Laws of reading submissions: every flaw has its name, and nothing but a whole, plain file gets a score."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandmle_gym.errors import UserError
from sandmle_gym.grading import Answers, Problem, Scored, parse
from sandmle_gym.spec import Form, MetricSpec

GOOD = [["id", "y"], ["r0", "0.5"], ["r1", "1"], ["r2", "2.5e0"], ["r3", "-3."]]


@pytest.fixture
def answers(lab_of):
    """Four rows of a plain regression task."""
    bundle = lab_of("rmse").bundle(np.array([0.5, 1.0, 2.5, -3.0]))
    return Answers.read(bundle.brief, bundle.private.answers)


def edited(**cells):
    """GOOD with cells replaced: `r0="x"` sets the prediction of r0."""
    return [[row[0], cells.get(row[0], row[1])] for row in GOOD]


FLAWS = [
    (b"", "empty", "4 rows of id,y"),
    (b"\n\n", "empty", "no rows"),
    (b"id,y\n", "empty", "no rows"),
    (b"x" * 5000, "too_large", "larger than"),
    (b"\xff\xfe\x00\x01", "not_text", "not UTF-8"),
    (b"id,y\nr0,\x00\n", "not_text", "NUL"),
    (b"id,y\rr0,1\r", "not_csv", "carriage return"),
    (b'id,y\nr0,"1\nr1,2\n', "not_csv", "unexpected end of data"),
    (b'id,y\n"r0"x,1\n', "not_csv", "',' expected after"),
    (b"id;y\nr0;1\n", "missing_columns", "must be: id,y"),
    ([["id"], ["r0"]], "missing_columns", "lacks 'y'"),
    ([["y"], ["1"]], "missing_columns", "lacks 'id'"),
    ([["id", "Y"], ["r0", "1"]], "missing_columns", r"it has 'id', 'Y'"),
    ([["id", "y", "z"], ["r0", "1", "2"]], "unknown_columns", "not wanted: 'z'"),
    ([["", "id", "y"], ["0", "r0", "1"]], "unknown_columns", "index=False"),
    ([["id", "y", "y"], ["r0", "1", "1"]], "repeated_columns", "repeats 'y'"),
    ([["id", "id", "y"], ["r0", "r0", "1"]], "repeated_columns", "repeats 'id'"),
    ([*GOOD[:3], ["r2"]], "ragged", "Row 3"),
    ([*GOOD[:3], ["r2", "1", ""], *GOOD[4:]], "ragged", "3 fields where the header has 2"),
    (edited(r1="1" * 65), "field_too_long", "65 characters"),
    (GOOD[:-1], "missing_ids", "1 of 4 ids are missing: 'r3'"),
    ([*GOOD, ["r9", "1"]], "unknown_ids", "'r9'"),
    ([*GOOD[:-1], ["R3", "1"]], "unknown_ids", "'R3'"),
    ([*GOOD, GOOD[1]], "duplicate_ids", "'r0'"),
    ([*GOOD[:-1], GOOD[1]], "duplicate_ids", "'r0'"),
    ([*GOOD, *GOOD[1:]], "duplicate_ids", "'r0'"),
    (edited(r0=""), "not_finite", "holds '' for id 'r0'"),
    (edited(r2="NaN"), "not_finite", "'NaN'"),
    (edited(r2="-inf"), "not_finite", "'-inf'"),
    (edited(r2="None"), "not_finite", "'None'"),
    (edited(r3="1e999999999"), "not_finite", "below 1.8e308"),
    (edited(r3="high"), "not_a_number", "'high'"),
    (edited(r3="1_000"), "not_a_number", "'1_000'"),
    (edited(r3="0x10"), "not_a_number", "'0x10'"),
    (edited(r3="1,5"), "not_a_number", "'1,5'"),
    (edited(r3=" 1"), "not_a_number", "' 1'"),
    (edited(r3="٣"), "not_a_number", "٣"),
    (edited(r3="1\n"), "not_a_number", r"'1\\n'"),
    (edited(r3="\x1b[31m1"), "not_a_number", r"'\\x1b\[31m1'"),
]


@pytest.mark.parametrize(("rows", "code", "message"), FLAWS)
def test_every_flaw_has_its_name_and_a_sentence(answers, csv_of, rows, code, message):
    problem = answers.align(rows if isinstance(rows, bytes) else csv_of(rows))
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert re.search(message, problem.message)
    assert problem.message.endswith(".")
    assert len(problem.message) < 400
    assert problem.message.isprintable()


FORM_FLAWS = [
    ("roc_auc", "y", "1.0001", "out_of_range"),
    ("roc_auc_columns", "y2", "-0.1", "out_of_range"),
    ("rmsle", "y", "-0.1", "out_of_range"),
    ("log_loss_multiclass", "b", "-0.1", "bad_distribution"),
    ("accuracy", "y", "e", "unknown_label"),
    ("accuracy", "y", "", "unknown_label"),
    ("accuracy", "y", "0", "unknown_label"),
    ("map_at_k", "y", "p q r s", "bad_ranking"),
    ("map_at_k", "y", "p p", "bad_ranking"),
    ("map_at_k", "y", "", "bad_ranking"),
    ("levenshtein", "y", " ", "blank_text"),
    ("f1_samples", "y", "a e", "unknown_label"),
    ("f1_samples", "y", "a b a", "bad_labels"),
    ("dice", "y", "1 2 3", "bad_mask"),
    ("dice", "y", "1 2 3 -4", "bad_mask"),
    ("dice", "y", "0 2", "bad_mask"),
    ("dice", "y", "1 0", "bad_mask"),
    ("dice", "y", "5 2 1 2", "bad_mask"),
    ("dice", "y", "1 3 3 2", "bad_mask"),
    ("dice", "y", "30 2", "bad_mask"),
    ("dice", "y", "1 1e1", "bad_mask"),
    ("dice", "y", "nan", "bad_mask"),
    ("map_over_iou", "y", "a 0.5 1 1 2", "bad_boxes"),
    ("map_over_iou", "y", "e 0.5 1 1 2 2", "bad_boxes"),
    ("map_over_iou", "y", "a 1.5 1 1 2 2", "bad_boxes"),
    ("map_over_iou", "y", "a nan 1 1 2 2", "bad_boxes"),
    ("map_over_iou", "y", "a 0.5 1 1 0 2", "bad_boxes"),
    ("map_over_iou", "y", "a 0.5 1 1 -2 2", "bad_boxes"),
    ("map_over_iou", "y", "a 0.5 1e300 1 2 2", "bad_boxes"),
    ("kl_divergence", "b", "-0.1", "bad_distribution"),
    ("laplace", "y2", "", "not_finite"),
    ("concordance", "y", "inf", "not_finite"),
]


@pytest.mark.parametrize(("name", "column", "cell", "code"), FORM_FLAWS)
def test_flaws_of_a_form_have_their_names(lab_of, csv_of, name, column, cell, code):
    lab = lab_of(name)
    random = np.random.RandomState(1)
    truth, rows = lab.truth(random, 6), lab.table(lab.prediction(random, 6))
    rows[3][rows[0].index(column)] = cell
    bundle = lab.bundle(truth)
    problem = parse(bundle.brief, bundle.private.answers, csv_of(rows))
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert "'r2'" in problem.message


def test_a_distribution_without_mass_is_refused_and_any_other_is_rescaled(lab_of, csv_of):
    lab = lab_of("log_loss_multiclass")
    bundle = lab.bundle(np.array([0, 1]))
    rows = [["id", "a", "b", "c", "d"], ["r0", "3", "1", "0", "0"], ["r1", "0", "0", "0", "0"]]
    problem = parse(bundle.brief, bundle.private.answers, csv_of(rows))
    assert isinstance(problem, Problem)
    assert problem.code == "bad_distribution"
    rows[2] = ["r1", "1e308", "1e308", "1e308", "1e308"]
    scored = parse(bundle.brief, bundle.private.answers, csv_of(rows))
    assert scored.prediction.tolist() == [[0.75, 0.25, 0, 0], [0.25] * 4]


def test_a_plain_file_is_read_as_it_stands(answers, csv_of):
    assert answers.align(csv_of(GOOD)).score() == 0.0


@pytest.mark.parametrize(
    "disguise",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.rstrip(b"\n"),
        lambda data: data + b"\n\n",
        lambda data: data.replace(b"r0,", b'"r0",'),
    ],
    ids=["byte order mark", "CRLF", "no last line end", "blank lines", "quotes"],
)
def test_harmless_variants_of_csv_are_read(answers, csv_of, disguise):
    assert answers.align(disguise(csv_of(GOOD))).score() == 0.0


def test_any_order_of_rows_and_columns_gives_the_same_score(lab, csv_of):
    random = np.random.RandomState(0)
    truth, prediction = lab.truth(random, 20), lab.prediction(random, 20)
    bundle, rows = lab.bundle(truth, public=5), lab.table(prediction)

    def score(table, part):
        return parse(bundle.brief, bundle.private.answers, csv_of(table)).score(part)

    assert score(rows, "private") == pytest.approx(lab.metric(truth[5:], prediction[5:]))
    columns = random.permutation(len(rows[0]))
    body = [rows[1:][row] for row in random.permutation(20)]
    shuffled = [[row[column] for column in columns] for row in [rows[0], *body]]
    for part in ("private", "public"):
        assert score(shuffled, part) == score(rows, part)


LINES = st.sampled_from(
    ["id,y", "r0,0.5", "r1,1", "r2,2", "r3,3", "r0,1e400", "r1,nan", "", "r2,,", '"r3"']
)
FILES = st.one_of(
    st.binary(max_size=200),
    st.lists(LINES, max_size=9).map(lambda lines: "\n".join(lines).encode()),
    st.permutations(["r0,0.5", "r1,1", "r2,2", "r3,3"]).map(
        lambda lines: "\n".join(["id,y", *lines]).encode()
    ),
    st.text(alphabet='idyr0123.,\n"\re+- \x00', max_size=60).map(str.encode),
)


@settings(max_examples=400, deadline=None)
@given(data=FILES)
@example(data=b"id,y\nr3,3\nr2,2\nr1,1\nr0,0")
def check_arbitrary(answers, data):
    result = answers.align(data)
    if isinstance(result, Problem):
        assert result.message.isprintable()
        return
    frame = pd.read_csv(io.BytesIO(data), dtype={"id": str})
    assert sorted(frame["id"]) == ["r0", "r1", "r2", "r3"]
    assert frame.set_index("id")["y"].sort_index().tolist() == result.prediction.tolist()
    assert np.isfinite(result.score())


def test_arbitrary_bytes_never_crash_and_score_only_as_a_whole_table(answers):
    check_arbitrary(answers)


def test_ninety_five_percent_blanks_and_a_few_right_rows_earn_nothing(lab, csv_of):
    """What scored perfectly in 15 of 140 metrics of another environment."""
    random = np.random.RandomState(0)
    truth = lab.truth(random, 100)
    rows = lab.table(lab.perfect(truth))
    for row in rows[6:]:
        row[1:] = [""] * (len(row) - 1)
    bundle = lab.bundle(truth)
    result = parse(bundle.brief, bundle.private.answers, csv_of(rows))
    if lab.metric.form in (Form.LABELS, Form.MASK, Form.BOXES):  # blank says: nothing there
        assert isinstance(result, Scored)
        assert result.score() < 0.5
    else:
        assert isinstance(result, Problem)


def test_the_standard_error_matches_the_spread_of_fresh_samples(lab_of, csv_of):
    lab, errors, scores = lab_of("mae"), [], []
    for seed in range(60):
        random = np.random.RandomState(seed)
        truth = random.normal(size=200)
        bundle = lab.bundle(truth)
        scored = parse(bundle.brief, bundle.private.answers, csv_of(lab.table(np.zeros(200))))
        scores.append(scored.score())
        errors.append(scored.standard_error())
        assert scored.standard_error() == errors[-1]
    assert np.mean(errors) == pytest.approx(np.std(scores, ddof=1), rel=0.3)


BAD_ANSWERS = [
    (lambda a: a.replace(b"part", b"Part"), "no column 'part'"),
    (lambda a: a.replace(b"id,", b"ID,"), "no column 'id'"),
    (lambda a: a.replace(b"private", b"hidden"), "holds other than"),
    (lambda a: a.replace(b"r1", b"r0"), "distinct ids"),
    (lambda a: a + b"r9,private,1\n", "5 rows"),
    (lambda a: a.replace(b",y", b",z"), "truth columns"),
    (lambda a: a.replace(b"2.5", b"much"), "malformed"),
    (lambda a: a + b"r9\n", "rectangular"),
    (lambda a: b"\xff" + a, "rectangular"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_ANSWERS)
def test_answers_that_do_not_fit_are_the_callers_error(lab_of, spoil, message):
    bundle = lab_of("rmse").bundle(np.array([0.5, 1.0, 2.5, -3.0]))
    with pytest.raises(UserError, match=message):
        Answers.read(bundle.brief, spoil(bundle.private.answers))


BAD_SCHEMAS = [
    ("rmse", {"form": Form.PROBABILITY}, "scores the form"),
    ("rmse", {"columns": ("y", "z")}, "scores one column"),
    ("accuracy", {"labels": ("a",)}, "at least two labels"),
    ("log_loss_multiclass", {"labels": ("a", "b")}, "one column per label"),
]


@pytest.mark.parametrize(("name", "change", "message"), BAD_SCHEMAS)
def test_a_schema_that_the_metric_cannot_score_is_the_callers_error(lab_of, name, change, message):
    lab = lab_of(name)
    bundle = lab.bundle(lab.truth(np.random.RandomState(0), 4))
    brief = bundle.brief.model_copy(
        update={"submission": bundle.brief.submission.model_copy(update=change)}
    )
    with pytest.raises(UserError, match=message):
        Answers.read(brief, bundle.private.answers)


def test_truth_outside_a_metrics_domain_is_the_callers_error(lab_of):
    bundle = lab_of("mae").bundle(np.array([0.0, 1.0]))
    brief = bundle.brief.model_copy(update={"metric": MetricSpec(name="mape")})
    with pytest.raises(UserError, match="other than 0"):
        Answers.read(brief, bundle.private.answers)


def test_a_part_without_rows_cannot_be_scored(answers, csv_of):
    scored = answers.align(csv_of(GOOD))
    assert isinstance(scored, Scored)
    for part in ("public", "privat"):
        with pytest.raises(UserError, match="no rows in the part"):
            scored.score(part)
