"""Laws of the command line: what a person types works, and every mistake is one helpful line."""

import json
import subprocess
import sys

import pytest


def sandmle(*arguments, stdin=""):
    command = [sys.executable, "-c", "from sandmle_gym.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)


@pytest.mark.parametrize(
    ("agent", "medal"),
    [("dummy", "none"), ("expert", "gold"), ("cheater", "none")],
)
def test_a_scripted_agent_plays_to_the_medal_it_deserves(agent, medal):
    done = sandmle("run", "SandMLE/task-042", "--agent", agent, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["medal"] == medal


def test_run_shows_task_actions_timings_ladder_and_reward():
    done = sandmle("run", "task-042")
    assert done.returncode == 0, done.stderr
    for part in ("train.csv", " ms", "gold", "median", "this submission", "reward 1.000"):
        assert part in done.stdout


def test_list_names_every_task():
    rows = json.loads(sandmle("list", "--json").stdout)
    assert {"SandMLE/task-000", "SandMLE/task-099"} <= {row["id"] for row in rows}
    assert "task-042" in sandmle("list").stdout


def test_show_tells_the_milestones_and_never_an_answer(task):
    shown = json.loads(sandmle("show", "task-042", "--json").stdout)
    assert shown["milestones"]["gold"] == task.bundle.milestones.gold
    assert "certified" in sandmle("show", "task-042").stdout


def test_stats_are_words_for_people_and_figures_for_machines():
    shown, figures = sandmle("stats", "--sample", "3"), sandmle("stats", "--sample", "3", "--json")
    assert json.loads(figures.stdout)["tasks"] == 3
    assert "3 tasks" in shown.stdout
    assert "largest_cosine" in shown.stdout
    assert not {"{", "[", "'"} & set(shown.stdout)


def test_grade_takes_a_file_from_anywhere(task, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(task.bundle.public["sample_submission.csv"])
    done = sandmle("grade", "task-042", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["valid"]
    path.write_text("nonsense")
    done = sandmle("grade", "task-042", str(path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_person_can_play():
    typed = "ls\n```python\nprint(6 * 7)\n```\ncat <<EOF\nhello\nEOF\nsubmit\n"
    done = sandmle("play", "task-042", stdin=typed)
    assert done.returncode == 0, done.stderr
    assert "42" in done.stdout
    assert "hello" in done.stdout


def test_new_makes_a_task_of_any_table_and_run_plays_it(tmp_path):
    rows = ["size,colour,y"]
    rows += [f"{i % 37},{'red' if i % 3 else 'blue'},{int(i % 37 > 18)}" for i in range(400)]
    table, folder = tmp_path / "data.csv", tmp_path / "my-task"
    table.write_text("\n".join(rows))
    done = sandmle(
        "new", str(folder), "--from-csv", str(table), "--target", "y", "--metric", "roc_auc"
    )
    assert done.returncode == 0, done.stderr
    done = sandmle("run", str(folder), "--agent", "competent", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["valid"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "task-0042"), "task-04"),
        (("run", "task-042", "--agent", "expret"), "expert"),
        (("run", "task-042", "--sandbox", "wram"), "warm"),
        (("grade", "task-042", "missing.csv"), "missing.csv"),
        (("show", "./nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_one_helpful_line(arguments, says):
    done = sandmle(*arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4


def test_doctor_says_what_this_machine_offers():
    probes = json.loads(sandmle("doctor", "--json").stdout)
    assert {probe["backend"] for probe in probes} >= {"warm", "local"}


def test_pools_are_shown_and_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDMLE_RUNTIME", str(tmp_path))
    assert json.loads(sandmle("pools", "--json").stdout) == []
    assert "no pool" in sandmle("pools").stdout
    assert "ended 0 pools" in sandmle("pools", "--stop").stdout
