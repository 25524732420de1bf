"""Laws of bundles: what is saved is what is loaded, a digest is of content, answers are never public."""

import json
from dataclasses import replace

import pytest

from sandmle_gym.bundle import Certificate, Gate, Private, Rung, TaskBundle, load
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.spec import (
    Form,
    MetricSpec,
    Milestones,
    Modality,
    SubmissionSchema,
    TaskBrief,
    TaskSpec,
)

SECRET = b"id,part,y\nr0,public,0.123\nr1,private,4.567\n"
MARKS = Milestones(median=4, bronze=3, silver=2, gold=1, trivial=5, ceiling=0)
CERTIFICATE = Certificate(
    certified=False,
    rungs=(
        Rung(tier="trivial", score=5.0),
        Rung(tier="expert", score=1.0, gap_se=4.5, seconds=0.1),
    ),
    gates=(
        Gate(name="gaps", passed=True, detail="fine"),
        Gate(name="leaks", passed=False, detail="ids"),
    ),
    standard_error=0.1,
    versions={"numpy": "2.0"},
)


@pytest.fixture
def task():
    """A small task with everything filled in."""
    brief = TaskBrief(
        title="Parcels — “late”",
        card="parcel-claims",
        index=7,
        family="skill",
        modality=Modality.TABULAR,
        domain="logistics",
        metric=MetricSpec(name="rmse"),
        submission=SubmissionSchema(id_column="id", columns=("y",), form=Form.VALUE, rows=2),
        train_rows=2,
    )
    public = {
        "train.csv": b"id,x,y\na,1,2\n",
        "images/1.png": b"\x89PNG\x00\xff",
        "description.md": "é".encode(),
    }
    private = Private(
        answers=SECRET,
        oracle=b"id,y\nr0,0.1\nr1,4.5\n",
        witnesses={"trivial": "print(1)\n", "expert": "print('é')\n"},
        spec=TaskSpec(
            card="parcel-claims", index=7, attempt=1, family="skill", knobs={"noise": 0.1}
        ),
        milestones=MARKS,
        certificate=CERTIFICATE,
    )
    return TaskBundle(brief, public, private)


def contents(folder):
    """All bytes below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("bare", [False, True])
def test_what_is_saved_is_what_is_loaded(tmp_path, task, bare):
    if bare:
        task = replace(task, private=Private(SECRET, None, {}, None))
    task.save(tmp_path / "task")
    loaded = load(tmp_path / "task")
    assert (loaded.brief, loaded.private) == (task.brief, task.private)
    assert dict(loaded.public) == task.public
    assert loaded.digest == task.digest


def test_answers_are_in_the_private_folder_only_and_that_is_closed_to_others(tmp_path, task):
    task.save(tmp_path / "task")
    assert b"4.567" in contents(tmp_path / "task" / "private")
    assert b"4.567" not in contents(tmp_path / "task" / "public")
    assert b"4.567" not in (tmp_path / "task" / "task.json").read_bytes()
    assert (tmp_path / "task" / "private").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "task" / "public").stat().st_mode & 0o777 == 0o755


def _renamed(files):
    return {name.replace("train", "Train"): data for name, data in files.items()}


def _shifted(files):
    """The last byte of one file becomes the first of the next."""
    first, second = "images/1.png", "train.csv"
    return {**files, first: files[first][:-1], second: files[first][-1:] + files[second]}


CHANGES = {
    "brief": lambda task: replace(task, brief=task.brief.model_copy(update={"index": 8})),
    "answers": lambda task: replace(task, private=replace(task.private, answers=SECRET + b"\n")),
    "file": lambda task: replace(task, public={**task.public, "train.csv": b"id,x,y\na,1,3\n"}),
    "file name": lambda task: replace(task, public=_renamed(task.public)),
    "boundary": lambda task: replace(task, public=_shifted(task.public)),
    "one file less": lambda task: replace(task, public={"train.csv": task.public["train.csv"]}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_changes_with_all_that_decides_the_task(task, change):
    assert CHANGES[change](task).digest != task.digest


def test_the_digest_is_not_of_measurements_nor_of_the_order_of_files(task):
    reordered = replace(task, public=dict(reversed(task.public.items())))
    unmeasured = replace(task, private=Private(SECRET, None, {}, None))
    assert task.digest == reordered.digest == unmeasured.digest
    assert task.digest == DIGEST, "digests are stored in suite locks: they never change"


DIGEST = "ba84d872b17387990de122ce133b4ed86b42b10be8a7fa2ba681d3b471073996"


@pytest.mark.parametrize("name", ["public/train.csv", "private/answers.csv"])
def test_a_task_changed_on_disk_is_refused(tmp_path, task, name):
    task.save(tmp_path / "task")
    path = tmp_path / "task" / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UserError, match="changed since it was saved"):
        load(tmp_path / "task")


def test_a_file_added_on_disk_is_refused(tmp_path, task):
    task.save(tmp_path / "task")
    (tmp_path / "task" / "public" / "hint.txt").write_text("the answer is 42")
    with pytest.raises(UserError, match="changed"):
        load(tmp_path / "task")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("task.json", None),
        ("private/answers.csv", None),
        ("task.json", b"{"),
        ("task.json", b"[]"),
        ("task.json", b"{}"),
        ("task.json", b"\xff"),
        ("private/milestones.json", b'{"gold": 1}'),
        ("private/spec.json", b"no"),
        ("private/witnesses/expert.py", b"\xff"),
    ],
)
def test_a_folder_that_is_no_task_is_the_callers_error(tmp_path, task, name, content):
    task.save(tmp_path / "task")
    path = tmp_path / "task" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match="not a readable task folder"):
        load(tmp_path / "task")


def test_a_missing_folder_is_the_callers_error(tmp_path):
    with pytest.raises(UserError, match="not a readable task folder"):
        load(tmp_path / "nothing")


def test_a_folder_is_written_whole_or_not_at_all(tmp_path, task):
    broken = replace(task, public={**task.public, "train.csv/inner": b""})
    with pytest.raises(OSError, match="train"):
        broken.save(tmp_path / "task")
    assert list(tmp_path.iterdir()) == []


def test_a_task_never_overwrites_another(tmp_path, task):
    task.save(tmp_path / "task")
    with pytest.raises(OSError, match="task"):
        task.save(tmp_path / "task")
    assert list(tmp_path.iterdir()) == [tmp_path / "task"]


def test_a_task_without_milestones_says_so(task):
    with pytest.raises(UserError, match="certify it first"):
        _ = replace(task, private=Private(SECRET, None, {}, None)).milestones


def test_measuring_fills_in_milestones_and_certificate_and_changes_nothing_else(task):
    bare = replace(task, private=replace(task.private, milestones=None, certificate=None))
    measured = bare.measured(MARKS, CERTIFICATE)
    assert measured == task
    assert [gate.name for gate in CERTIFICATE.failures] == ["leaks"]


@pytest.mark.parametrize(("name", "lower"), [("rmse", True), ("pearson", False)])
def test_the_export_has_the_papers_layout_with_the_answers_kept_private(
    tmp_path, task, name, lower
):
    metric = MetricSpec(name=name)
    task = replace(task, brief=task.brief.model_copy(update={"metric": metric}))
    task.export_paper(tmp_path)
    prepared = tmp_path / "prepared"
    grading = json.loads((prepared / "private" / "grading.json").read_bytes())
    assert grading == {
        "metric": {"name": name, "params": {}},
        "is_lower_better": lower,
        "gold_threshold": 1,
        "silver_threshold": 2,
        "bronze_threshold": 3,
        "median_threshold": 4,
    }
    assert (prepared / "private" / "answer.csv").read_bytes() == SECRET
    assert {
        p.relative_to(prepared / "public").as_posix() for p in (prepared / "public").rglob("*.*")
    } == set(task.public)
    assert b"4.567" not in contents(prepared / "public")
    with pytest.raises(UserError, match="exists already"):
        task.export_paper(tmp_path)


def test_an_export_with_an_unknown_metric_writes_nothing(tmp_path, task):
    task = replace(task, brief=task.brief.model_copy(update={"metric": MetricSpec(name="rsme")}))
    with pytest.raises(UnknownNameError, match="rmse"):
        task.export_paper(tmp_path)
    assert list(tmp_path.iterdir()) == []
