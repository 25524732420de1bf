"""Any table becomes a task that cannot be told from a generated one, or an error that says what to do."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sandmle_gym.bundle import TaskBundle, load
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.leaks import FILE_GATES
from sandmle_gym.errors import SandMLEError, UserError
from sandmle_gym.real import from_csv, from_frame

ROWS = 120


def table_of(data):
    header, *rows = csv.reader(io.StringIO(data.decode()))
    return header, rows


@pytest.fixture
def frame():
    random = np.random.RandomState(0)
    size = random.normal(size=ROWS).round(3)
    return pd.DataFrame(
        {
            "size": size,
            "colour": random.choice(["red", "green", "blue"], ROWS),
            "bought": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "price": (10 + 3 * size + random.normal(size=ROWS)).round(2),
            "kept": np.where(size + random.normal(size=ROWS) > 0, "yes", "no"),
            "grade": random.choice([1.0, 2.0, 3.0], ROWS),
            "part": size + random.normal(size=ROWS),
            "id": random.choice([True, False], ROWS),
        }
    )


TARGETS = [
    ("part", "rmse"),
    ("id", "accuracy"),
    ("price", "rmse"),
    ("price", "mae"),
    ("kept", "roc_auc"),
    ("kept", "log_loss"),
    ("kept", "accuracy"),
    ("grade", "qwk"),
    ("colour", "log_loss_multiclass"),
    ("colour", "f1_macro"),
]


@pytest.mark.parametrize(("target", "metric"), TARGETS)
def test_a_table_becomes_a_task_whose_files_pass_every_gate_but_its_size(frame, target, metric):
    bundle = from_frame(frame, target=target, metric=metric, name="a-table")
    evidence = Evidence.of(bundle)
    failed = [gate(evidence) for gate in FILE_GATES if not gate(evidence).passed]
    assert [gate.name for gate in failed] == ["private_rows"]
    assert isinstance(evidence.submitted(bundle.public["sample_submission.csv"]), np.ndarray)
    assert bundle.brief.train_rows == 48
    assert bundle.brief.submission.rows == 72
    assert evidence.private.sum() == 50
    for program in bundle.private.witnesses.values():
        compile(program, "witness", "exec")


def test_equal_arguments_give_equal_bytes_and_another_seed_another_split(frame):
    first, again, other = (
        from_frame(frame, target="price", metric="rmse", name="a-table", seed=seed)
        for seed in (0, 0, 1)
    )
    assert first.digest == again.digest != other.digest


def test_rows_are_split_once_and_answers_are_theirs(frame):
    frame["key"] = [f"k{row}" for row in range(ROWS)]
    bundle = from_frame(frame, target="price", metric="rmse", name="a-table")
    _, train = table_of(bundle.public["train.csv"])
    header, test = table_of(bundle.public["test.csv"])
    _, answers = table_of(bundle.private.answers)
    place = header.index("key")
    assert sorted(row[place] for row in train + test) == sorted(frame["key"])
    truth = {row[0]: float(row[2]) for row in answers}
    price = dict(zip(frame["key"], frame["price"], strict=True))
    assert all(truth[row[0]] == price[row[place]] for row in test)


def test_every_part_keeps_the_proportions_of_the_target(frame):
    frame["kept"] = ["yes"] * 30 + ["no"] * 90
    bundle = from_frame(frame, target="kept", metric="roc_auc", name="a-table")
    _, train = table_of(bundle.public["train.csv"])
    _, answers = table_of(bundle.private.answers)
    assert [row[-1] for row in train].count("yes") == 12
    assert sum(row[2] == "1" for row in answers if row[1] == "private") in (12, 13)


def test_a_large_table_is_cut_to_what_grading_needs(frame):
    large = pd.concat([frame] * 50, ignore_index=True)
    bundle = from_frame(large, target="price", metric="rmse", name="a-table")
    assert bundle.brief.train_rows == 200
    assert bundle.brief.submission.rows == 4000
    assert Evidence.of(bundle).private.sum() == 2800


def test_own_ids_are_replaced_and_row_counters_left_out(frame):
    frame.insert(0, "Unnamed: 0", range(ROWS))
    frame["customer"] = [f"c{row}" for row in range(ROWS)]
    bundle = from_frame(frame, target="price", metric="rmse", name="a-table", id_column="customer")
    header, rows = table_of(bundle.public["test.csv"])
    assert header == ["customer", "size", "colour", "bought", "kept", "grade", "part", "id"]
    assert not {row[0] for row in rows} & set(frame["customer"])


def test_rows_without_target_are_left_out_and_counted(frame):
    frame.loc[:9, "price"] = np.nan
    bundle = from_frame(frame, target="price", metric="rmse", name="a-table")
    assert bundle.brief.train_rows + bundle.brief.submission.rows == ROWS - 10
    assert "10 rows without a value of it were left out" in bundle.public["description.md"].decode()


def test_the_positive_class_of_two_is_named_in_the_description(frame):
    bundle = from_frame(frame, target="kept", metric="roc_auc", name="a-table")
    assert "The positive class is `yes`" in bundle.public["description.md"].decode()


def test_a_task_from_a_csv_file_is_saved_and_loaded_whole(frame, tmp_path):
    path = tmp_path / "My Table.csv"
    path.write_bytes(b"\xef\xbb\xbf" + frame.to_csv(index=False).encode())
    bundle = from_csv(path, target="price", metric="rmse")
    assert bundle.brief.card == "my-table"
    bundle.save(tmp_path / "task")
    assert load(tmp_path / "task") == bundle
    assert bundle.digest == from_frame(frame, target="price", metric="rmse", name="my-table").digest


BAD_FRAMES = [
    (lambda f: {"target": "prize"}, "no target 'prize'.*'size'"),
    (lambda f: {"id_column": "nope"}, "no id column 'nope'"),
    (lambda f: {"id_column": "price"}, "both the target and the id"),
    (lambda f: {"frame": f.assign(price=1.0)}, "same value in every row"),
    (lambda f: {"frame": f.head(59)}, "59 rows are too few, at least 60"),
    (
        lambda f: {"frame": f.assign(price=f["price"].where(f.index > 69))},
        r"70 rows without a target",
    ),
    (lambda f: {"frame": f.assign(void=np.nan)}, "'void' has no value"),
    (
        lambda f: {"frame": f.set_axis(["a", "a", "b", "price", "c", "d", "e", "f"], axis=1)},
        "'a' occurs more than",
    ),
    (lambda f: {"frame": f[["price"]]}, "no column to predict from"),
    (lambda f: {"target": "kept"}, "needs numbers.*'kept'.*accuracy"),
    (lambda f: {"target": "colour", "metric": "roc_auc"}, "needs two classes.*has 3"),
    (lambda f: {"target": "colour", "metric": "f1_binary"}, "needs two classes"),
    (lambda f: {"target": "price", "metric": "accuracy"}, r"different values \(at most 50\).*rmse"),
    (lambda f: {"metric": "rmsle", "frame": f.assign(price=-f["price"])}, "at least 0"),
    (lambda f: {"frame": f.assign(price=np.inf)}, "same value|infinite"),
    (lambda f: {"metric": "rsme"}, "did you mean rmse"),
    (lambda f: {"metric": "map_at_k"}, "parameter 'k'"),
    (lambda f: {"name": "My Table"}, "lower-case words"),
    (lambda f: {"train_rows": 100}, "20 to 90"),
    (lambda f: {"train_rows": 0}, "20 to 90"),
    (
        lambda f: {
            "target": "kept",
            "metric": "roc_auc",
            "frame": f.assign(kept=["a"] * 115 + ["b"] * 5),
        },
        "'b'.*5 rows, at least 6",
    ),
]


@pytest.mark.parametrize(("change", "message"), BAD_FRAMES)
def test_a_bad_table_or_option_is_an_error_that_says_what_to_do(frame, change, message):
    options = {
        "frame": frame,
        "target": "price",
        "metric": "rmse",
        "name": "a-table",
        **change(frame),
    }
    with pytest.raises(UserError, match=message):
        from_frame(options.pop("frame"), **options)


BAD_FILES = [
    (None, "cannot be read: No such file"),
    (b"", "not a rectangular CSV"),
    ("größe,y\n1,2\n".encode("latin-1"), "not UTF-8"),
    (b"a,a,y\n1,2,3\n", "'a' occurs more than once"),
    (b"a,,y\n1,2,3\n", "'' is no column name"),
    (b"a,y\n1,2\n1,2,3\n", "not a rectangular CSV"),
    (b'a,y\n"1,2\n', "not a rectangular CSV"),
    (b"a;y\n1;2\n", "no target 'y'"),
]


@pytest.mark.parametrize(("content", "message"), BAD_FILES)
def test_a_bad_file_is_an_error_that_says_what_to_do(tmp_path, content, message):
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        from_csv(path, target="y", metric="rmse")


CELLS = st.one_of(
    st.none(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=6),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(CELLS, min_size=4, max_size=60),
    arrays.arrays(np.int8, 70, elements=st.integers(0, 4)),
    st.sampled_from(["rmse", "roc_auc", "accuracy", "log_loss_multiclass"]),
    st.text(min_size=1, max_size=5),
)
def test_any_small_table_becomes_a_consistent_task_or_a_named_error(cells, y, metric, name):
    column = [cells[row % len(cells)] for row in range(70)]
    frame = pd.DataFrame({name: pd.Series(column, dtype=object), "target column": y})
    try:
        bundle = from_frame(frame, target="target column", metric=metric, name="any")
    except SandMLEError:
        return
    evidence = Evidence.of(bundle)
    assert isinstance(bundle, TaskBundle)
    assert isinstance(evidence.submitted(bundle.public["sample_submission.csv"]), np.ndarray)
    assert len(set(evidence.ids)) == bundle.brief.submission.rows == 42
