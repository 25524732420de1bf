"""Laws of exported Harbor tasks: the solution earns what it claims, and no answer is in the image."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sandmle_gym.integrations.harbor import write


@pytest.fixture
def exported(task, tmp_path):
    folder = tmp_path / "task-042"
    write(task, folder)
    return folder


def run(script, root):
    """Run a script of the task as in its container, whose root is `root`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HARBOR_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def graded(exported, root):
    run(exported / "tests" / "test.sh", root)
    return json.loads((root / "logs" / "verifier" / "reward.json").read_text())


@pytest.fixture
def root(exported, tmp_path):
    shutil.copytree(exported / "environment" / "data", tmp_path / "root" / "app")
    return tmp_path / "root"


def test_the_solution_earns_the_reward_it_claims(exported, root):
    claims = tomllib.loads((exported / "task.toml").read_text())["metadata"]
    run(exported / "solution" / "solve.sh", root)
    figures = graded(exported, root)
    assert figures["reward"] == pytest.approx(claims["solution_reward"]) == 1.0
    assert float(f"{figures['score']:.6g}") == claims["solution_score"], "claimed with six digits"


def test_no_submission_and_nonsense_are_graded_too(exported, root):
    assert graded(exported, root)["valid"] == 0.0
    (root / "app" / "submission.csv").write_text("nonsense")
    assert graded(exported, root)["valid"] == 0.0
    shutil.copy(root / "app" / "sample_submission.csv", root / "app" / "submission.csv")
    assert graded(exported, root)["valid"] == 1.0


def test_the_agents_half_holds_no_answer(exported, task):
    names = {path.name for path in (exported / "environment").rglob("*") if path.is_file()}
    assert names == {"Dockerfile", *task.bundle.public}
    assert str(task.bundle.milestones.gold) not in (exported / "instruction.md").read_text()


def test_harbor_itself_finds_the_folder_valid(exported):
    harbor = pytest.importorskip("harbor.models.task.task")
    assert harbor.Task.is_valid_dir(exported)
    task = harbor.Task(exported)
    assert task.config.environment.network_mode == "no-network"
    assert task.config.verifier.environment_mode == "separate"


def test_the_command_line_exports_and_says_what_formats_there_are(tmp_path):
    def sandmle(*arguments):
        command = [sys.executable, "-c", "from sandmle_gym.cli import main; main()", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    folder = str(tmp_path / "exported")
    done = sandmle("export", "task-042", folder, "--format", "harbor")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "exported" / "task.toml").is_file()
    assert (
        "name another folder" in sandmle("export", "task-042", folder, "--format", "harbor").stderr
    )
    other = str(tmp_path / "other")
    assert "harbor" in sandmle("export", "task-042", other, "--format", "harbour").stderr
