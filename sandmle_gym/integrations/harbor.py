"""Harbor: a task as the folder that Harbor, and every trainer that reads its format, can run.

    write(open_task("task-042"), Path("harbor/task-042"))     # or: sandmle export --format harbor

    task.toml instruction.md
    environment/   Dockerfile, data/                    the agent's container, without network
    solution/      solve.sh, solve.py                   the best witness
    tests/         test.sh, grade.py, task/, package/   the answers, and the grader that reads them

The verifier is a container of its own (`environment_mode = "separate"`) that gets the submission and
nothing else of the agent's. It carries its own copy of the grading code, so that the image holds nothing
of this package.
"""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import sandmle_gym
from sandmle_gym.catalogue import Task
from sandmle_gym.episode import SUBMISSION
from sandmle_gym.errors import UserError
from sandmle_gym.grading import Grade
from sandmle_gym.grading.grade import medal_of
from sandmle_gym.metrics import get_metric
from sandmle_gym.rewards import get_reward
from sandmle_gym.spec import Limits

PYTHON = "3.12"
PACKAGES = ("lightgbm", "numpy", "pandas", "pydantic", "scikit-learn", "scipy")
GRADER = ("bundle.py", "errors.py", "grading", "metrics", "rewards.py", "seeding.py", "spec.py")
"""What of this package reads and scores a submission."""

_TOML = """\
schema_version = "1.4"
artifacts = ["/app/{submission}"]

[task]
name = "sandmle/{slug}"
description = {title}
keywords = ["machine-learning", "{metric}"]

[metadata]
digest = "{digest}"
card = "{card}"
metric = "{metric}"
solution_score = {score!r}
solution_reward = {reward!r}

[agent]
timeout_sec = {seconds!r}

[verifier]
timeout_sec = 300.0
environment_mode = "separate"

[environment]
cpus = 1
memory_mb = 4096
storage_mb = 4096
network_mode = "no-network"
workdir = "/app"
"""

_DOCKERFILE = """\
FROM python:{python}-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir {packages}
WORKDIR /app
COPY data/ /app/
"""

_INSTRUCTION = """\
{description}

## How to work

The files above lie in `/app`. There is no network. Python has numpy, pandas, scipy, scikit-learn and
LightGBM. Leave your predictions in `/app/{submission}`; what counts is the score on the private rows.
"""

_SCRIPT = """\
#!/bin/bash
# {what}. HARBOR_ROOT is empty in a container; tests set it.
set -eu
cd "${{HARBOR_ROOT:-}}/{where}"
exec python3 "$(dirname "$(readlink -f "${{BASH_SOURCE[0]}}")")/{program}"
"""

_GRADE = '''\
"""Grade /app/{submission} against the answers and write /logs/verifier/reward.json."""

import json
import os
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here / "package"))

from sandmle_gym.bundle import load
from sandmle_gym.grading import get_grader
from sandmle_gym.metrics import get_metric
from sandmle_gym.rewards import get_reward

root = os.environ.get("HARBOR_ROOT", "")
bundle = load(here / "task")
path, most = Path(f"{{root}}/app/{submission}"), bundle.brief.submission.max_bytes
data = None
if path.is_file():
    with path.open("rb") as file:
        data = file.read(most + 1)
grade = get_grader().grade(bundle, data)
reward = get_reward({reward!r})(grade, bundle.milestones, get_metric(bundle.brief.metric), 1.0)
figures = {{"reward": reward.total, "valid": float(grade.valid)}}
if grade.score is not None:
    figures["score"] = grade.score
folder = Path(f"{{root}}/logs/verifier")
folder.mkdir(parents=True, exist_ok=True)
(folder / "reward.json").write_text(json.dumps(figures, allow_nan=False))
print(grade.message, figures)
'''


def write(task: Task, folder: Path, *, reward: str = "paper") -> None:
    """Write a task as a Harbor task directory.

    Args:
        task: A certified task: its best witness is the solution.
        folder: A folder that does not exist yet.
        reward: A name of `rewards`; the format rate counts as 1.

    Raises:
        UserError: The folder exists, or the task carries no measured witness.
    """
    if folder.exists():
        raise UserError(f"{folder} exists already; name another folder or remove it")
    tier, score = _best_witness(task)
    files = {
        "task.toml": _toml(task, score, reward),
        "instruction.md": _INSTRUCTION.format(
            description=task.bundle.public["description.md"].decode().rstrip(),
            submission=SUBMISSION,
        ),
        "environment/Dockerfile": _DOCKERFILE.format(
            python=PYTHON, packages=" ".join(f"{name}=={version(name)}" for name in PACKAGES)
        ),
        "solution/solve.py": task.witness(tier),
        "solution/solve.sh": _SCRIPT.format(
            what=f"The {tier} witness", where="app", program="solve.py"
        ),
        "tests/grade.py": _GRADE.format(submission=SUBMISSION, reward=reward),
        "tests/test.sh": _SCRIPT.format(what="The grader", where="", program="grade.py"),
        "tests/package/sandmle_gym/__init__.py": '"""What of sandmle_gym reads and scores."""\n',
    }
    _write(folder, {name: text.encode() for name, text in files.items()})
    _write(folder / "environment" / "data", dict(task.bundle.public))
    task.bundle.save(folder / "tests" / "task")
    _copy_grader(folder / "tests" / "package" / "sandmle_gym")


def _toml(task: Task, score: float, reward: str) -> str:
    brief = task.bundle.brief
    return _TOML.format(
        submission=SUBMISSION,
        slug=task.reference.strip("./").replace("/", "-").replace("#", "-"),
        title=json.dumps(brief.title),
        metric=brief.metric.name,
        digest=task.bundle.digest,
        card=brief.card,
        score=score,
        reward=_reward_of(task, score, reward),
        seconds=Limits().episode_seconds,
    )


def _best_witness(task: Task) -> tuple[str, float]:
    """Return tier and score of the highest rung of the certificate that is a program."""
    certificate, witnesses = task.bundle.private.certificate, task.bundle.private.witnesses
    rungs = [rung for rung in certificate.rungs if rung.tier in witnesses] if certificate else []
    if not rungs:
        raise UserError(f"{task.reference} has no measured witness that could be its solution")
    return rungs[-1].tier, rungs[-1].score


def _reward_of(task: Task, score: float, reward: str) -> float:
    metric, marks = get_metric(task.bundle.brief.metric), task.bundle.milestones
    grade = Grade(
        valid=True,
        score=score,
        medal=medal_of(score, metric, marks),
        problem=None,
        message="",
        standard_error=None,
    )
    return get_reward(reward)(grade, marks, metric, 1.0).total


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if path.suffix == ".sh":
            path.chmod(0o755)


def _copy_grader(folder: Path) -> None:
    source = Path(sandmle_gym.__file__).parent
    for name in GRADER:
        if (source / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / name, folder / name, ignore=ignored)
        else:
            shutil.copy(source / name, folder / name)
