"""Laws of the grader: it survives whatever happens to its worker, which never outlives its host."""

import os
import select
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.grading import Grade, Grader, WorkerLimits, channel, get_grader, process
from sandmle_gym.sandbox.base import Fetched


@pytest.fixture
def task(lab_of):
    """A regression task of 30 rows, 10 of them public."""
    return lab_of("rmse").bundle(np.arange(30) / 4, public=10)


@pytest.fixture
def perfect(lab_of, csv_of):
    """Its perfect submission."""
    return csv_of(lab_of("rmse").table(np.arange(30) / 4))


def test_every_metric_is_graded_as_in_this_process(lab, csv_of, grader):
    random = np.random.RandomState(4)
    truth, prediction = lab.truth(random, 40), lab.prediction(random, 40)
    bundle, data = lab.bundle(truth, public=15), csv_of(lab.table(prediction))
    private = grader.grade(bundle, data)
    public = grader.grade(bundle, data, "public", standard_error=True)
    assert private.score == pytest.approx(lab.metric(truth[15:], prediction[15:]))
    assert public.score == pytest.approx(lab.metric(truth[:15], prediction[:15]))
    assert (private.valid, private.problem, private.standard_error) == (True, None, None)
    assert public.standard_error is not None
    assert public.standard_error >= 0
    assert grader.grade(bundle, data, "public", standard_error=True) == public


def test_medals_are_inclusive_and_follow_the_direction(lab, csv_of, grader):
    truth = lab.truth(np.random.RandomState(4), 40)
    bundle = lab.bundle(truth)
    assert grader.grade(bundle, csv_of(lab.table(lab.perfect(truth)))).medal == "gold"


def test_a_task_without_milestones_is_scored_without_a_medal(task, perfect, grader):
    from dataclasses import replace

    bare = replace(task, private=replace(task.private, milestones=None))
    assert grader.grade(bare, perfect) == Grade(
        True, 0.0, "none", None, "The file is well-formed: all 30 rows are there."
    )


def test_a_check_tells_the_format_but_no_score(task, perfect, grader):
    grade = grader.check(task, perfect)
    assert (grade.valid, grade.score, grade.medal) == (True, None, "none")
    assert grader.check(task, perfect[:-9]).problem == "missing_ids"


def test_messages_never_tell_the_score(task, perfect, grader):
    assert not set("0123456789") & set(grader.grade(task, perfect).message.replace("30", ""))


@pytest.mark.parametrize(
    ("submission", "problem"),
    [
        (None, "missing"),
        (Fetched(None, "missing"), "missing"),
        (Fetched(None, "not_regular"), "not_regular"),
        (Fetched(None, "too_large"), "too_large"),
        (Fetched(None, "unreadable"), "unreadable"),
        (Fetched(None, "dead"), "dead"),
        (b"x" * 10**6, "too_large"),
        (Fetched(b""), "empty"),
    ],
)
def test_what_cannot_be_read_is_a_named_problem(task, grader, submission, problem):
    for grade in (grader.grade(task, submission), grader.check(task, submission)):
        assert (grade.valid, grade.score, grade.medal) == (False, None, "none")
        assert grade.problem == problem
        assert grade.message.endswith(".")


def test_a_file_of_the_sandbox_is_graded_by_its_content(task, perfect, grader):
    assert grader.grade(task, Fetched(perfect)).score == 0.0


def test_predictions_that_overflow_the_metric_are_a_named_problem(task, perfect, grader):
    grade = grader.grade(task, perfect.replace(b"7.25", b"1e300"))
    assert (grade.problem, grade.score) == ("score_not_finite", None)


def test_a_malformed_task_is_the_callers_error_and_not_the_submissions(task, perfect, grader):
    with pytest.raises(UserError, match="no rows in the part 'secret'"):
        grader.grade(task, perfect, "secret")
    from dataclasses import replace

    broken = replace(task, private=replace(task.private, answers=b"id,y\nr0,1\n"))
    with pytest.raises(UserError, match="no column 'part'"):
        grader.grade(broken, perfect)
    assert grader.grade(task, perfect).valid


def test_threads_share_one_worker(lab_of, csv_of, grader):
    lab = lab_of("mae")
    truths = [np.arange(20.0) + shift for shift in range(4)]
    bundles = [lab.bundle(truth) for truth in truths]
    data = csv_of(lab.table(truths[0]))
    with ThreadPoolExecutor(8) as pool:
        scores = pool.map(lambda job: grader.grade(bundles[job % 4], data).score, range(80))
    assert list(scores) == [float(job % 4) for job in range(80)]


def test_the_shelf_of_answers_forgets_and_relearns(lab_of, csv_of, monkeypatch):
    from collections import OrderedDict

    from sandmle_gym.grading import worker

    monkeypatch.setattr(worker, "SHELF_ROWS", 6)
    shelf = OrderedDict()
    bundles = [lab_of("mae").bundle(np.arange(3.0) + shift) for shift in range(3)]
    data = csv_of(lab_of("mae").table(np.arange(3.0)))
    ask = {"op": "grade", "part": "private", "standard_error": False}
    for bundle in bundles:
        brief = bundle.brief.model_dump(mode="json")
        load = {"op": "load", "task": bundle.digest, "brief": brief}
        assert worker._answer(shelf, load, bundle.private.answers) == {}
    replies = [worker._answer(shelf, ask | {"task": bundle.digest}, data) for bundle in bundles]
    assert replies[0] == {"unknown_task": True}
    assert replies[1]["score"] == 1.0


def test_a_submission_beyond_its_time_is_a_named_problem_and_the_next_one_is_served(lab_of, csv_of):
    lab = lab_of("mae")
    large = lab.bundle(np.arange(20000.0))
    data = csv_of(lab.table(np.arange(20000.0)))
    with Grader(WorkerLimits(wall_seconds=0.001)) as hasty:
        assert hasty.grade(large, data).problem == "too_expensive"
        assert hasty._worker is None
        hasty._limits = WorkerLimits()
        assert hasty.grade(large, data).score == 0.0


def test_a_submission_beyond_its_processor_time_is_a_named_problem(lab_of, csv_of):
    lab = lab_of("ndcg_at_k")
    truth = np.tile(lab.truth(np.random.RandomState(0), 100), 2000)
    with Grader(WorkerLimits(cpu_seconds=0)) as hasty:
        grade = hasty.grade(
            lab.bundle(truth), csv_of(lab.table(lab.perfect(truth))), standard_error=True
        )
    assert grade.problem == "too_expensive"


def test_a_submission_beyond_its_memory_is_a_named_problem_and_the_next_one_is_served(
    lab_of, csv_of
):
    lab = lab_of("mae")
    truth = np.arange(3.0)
    bundle, data = lab.bundle(truth, cell_chars=2 * 10**7), csv_of(lab.table(truth))
    with Grader(WorkerLimits(memory_mb=48)) as narrow:
        assert narrow.grade(bundle, data).score == 0.0
        for size in (30, 60):  # too much to parse, too much to receive
            grade = narrow.grade(bundle, b"id,y\nr0," + b"9" * size * 10**6)
            assert grade.problem == "too_expensive"
            assert narrow.grade(bundle, data).score == 0.0


def test_a_worker_that_was_killed_is_replaced_without_a_word(task, perfect):
    with Grader() as grader:
        assert grader.grade(task, perfect).score == 0.0
        first = grader._worker._process
        first.kill()
        assert grader.grade(task, perfect).score == 0.0
        assert grader._worker._process.pid != first.pid


def test_a_worker_that_cannot_start_is_our_error(task, perfect, monkeypatch):
    monkeypatch.setattr(process, "_BOOT", "raise SystemExit(3)")
    with Grader() as grader, pytest.raises(SandboxError, match="status 3"):
        grader.grade(task, perfect)


def test_a_worker_that_dies_on_every_request_is_our_error(task, perfect, monkeypatch):
    dying = process._BOOT.replace(
        "main(*numbers)", "import sandmle_gym.grading.worker as w; w._answer = exit"
    )
    monkeypatch.setattr(process, "_BOOT", dying + "; main(*numbers)")
    with Grader() as grader, pytest.raises(SandboxError, match="died twice"):
        grader.grade(task, perfect)


def test_an_interrupt_between_request_and_reply_leaves_no_stale_reply(task, perfect, monkeypatch):
    with Grader() as grader:
        grader.grade(task, perfect)
        with monkeypatch.context() as patch:
            patch.setattr(channel, "receive", _interrupt)
            with pytest.raises(KeyboardInterrupt):
                grader.grade(task, perfect)
        assert grader._worker is None
        assert grader.grade(task, b"").problem == "empty"


def _interrupt(_):
    raise KeyboardInterrupt


def test_close_ends_the_worker_and_a_later_call_starts_another(task, perfect):
    grader = Grader()
    grader.grade(task, perfect)
    pid = grader._worker._process.pid
    grader.close()
    grader.close()
    assert not Path(f"/proc/{pid}").exists()
    assert grader.grade(task, perfect).valid
    grader.close()


def test_the_grader_of_a_process_is_shared_and_creating_it_starts_nothing():
    assert get_grader() is get_grader()
    assert get_grader()._worker is None or get_grader()._worker._process.poll() is None


def test_the_worker_is_limited_and_knows_nothing_of_the_environment(task, perfect, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    with Grader() as grader:
        grader.grade(task, perfect)
        proc = Path(f"/proc/{grader._worker._process.pid}")
        limits = {
            line[:26].strip(): line[26:].split()[0]
            for line in (proc / "limits").read_text().splitlines()
        }
        assert b"hunter2" not in (proc / "environ").read_bytes()
        assert limits["Max file size"] == "0"
        assert limits["Max address space"] != "unlimited"
        assert limits["Max cpu time"] != "unlimited"
        assert int(limits["Max open files"]) <= 32
        opened = {str(entry.readlink()) for entry in (proc / "fd").iterdir()}
        kinds = {name.split(":")[0] for name in opened if not name.startswith("/")}
        assert kinds <= {"socket", "anon_inode", "pipe"}


HOST = textwrap.dedent(
    """
    import os, sys
    from sandmle_gym.bundle import load
    from sandmle_gym.grading import get_grader
    from pathlib import Path
    task, data = load(Path(sys.argv[1])), Path(sys.argv[2]).read_bytes()
    grade = lambda: get_grader().grade(task, data).score
    pid = lambda: get_grader()._worker._process.pid
    """
)


def host(tmp_path, task, perfect, program):
    """Run a program that grades in a process of its own; its lines of output can be read as they come."""
    if not (tmp_path / "task").exists():
        task.save(tmp_path / "task")
        (tmp_path / "submission.csv").write_bytes(perfect)
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOST + textwrap.dedent(program),
            tmp_path / "task",
            tmp_path / "submission.csv",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ends(pidfd):
    """Whether a process ends within twenty seconds."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(20_000))
    finally:
        os.close(pidfd)


def test_the_worker_ends_with_its_host_even_by_sigkill_and_with_a_fork_alive(
    tmp_path, task, perfect
):
    """The fork inherits the channel, so a closed channel alone would not tell."""
    program = """
        grade()
        child = os.fork()
        if child:
            print(pid(), child, flush=True)
        sys.stdin.read()
        os._exit(0)
    """
    with host(tmp_path, task, perfect, program) as process:
        worker, child = (os.pidfd_open(int(pid)) for pid in process.stdout.readline().split())
        process.kill()
        assert ends(worker)
        process.stdin.close()
        assert ends(child)


def test_the_worker_ends_with_its_host_at_a_normal_end(tmp_path, task, perfect):
    with host(tmp_path, task, perfect, "grade(); print(pid(), flush=True); input()") as process:
        worker = os.pidfd_open(int(process.stdout.readline()))
        process.communicate("\n", timeout=30)
        assert process.returncode == 0
        assert ends(worker)


def test_a_fork_grades_in_a_worker_of_its_own_and_leaves_ours_alone(tmp_path, task, perfect):
    program = """
        import threading
        grade(); mine = pid()
        get_grader()._lock.acquire()  # as if another thread were grading during the fork
        child = os.fork()
        if child == 0:
            os._exit(7 if grade() == 0.0 and pid() != mine else 1)
        get_grader()._lock.release()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, grade(), pid() == mine)
    """
    with host(tmp_path, task, perfect, program) as process:
        assert process.communicate(timeout=60)[0].split() == ["7", "0.0", "True"]


def test_a_thread_that_started_the_worker_may_end(task, perfect):
    """A parent-death signal would fire when the *thread* that started the worker ends."""
    with Grader() as grader:
        thread = threading.Thread(target=grader.grade, args=(task, perfect))
        thread.start()
        thread.join()
        pid = grader._worker._process.pid
        assert grader.grade(task, perfect).score == 0.0
        assert grader._worker._process.pid == pid


def test_control_c_in_the_terminal_does_not_reach_the_worker(task, perfect):
    with Grader() as grader:
        grader.grade(task, perfect)
        assert os.getsid(grader._worker._process.pid) != os.getsid(0)
