"""A whole task in memory and on disk: the public half that agents get, the private half that grades.

Everything is bytes or a frozen model, so a digest is a digest of content and nothing here needs
pandas. On disk a task is a folder a person can read:

    task.json                                   the brief, and the digest
    public/   description.md train.csv test.csv sample_submission.csv
    private/  answers.csv oracle.csv witnesses/<tier>.py milestones.json certificate.json
              leaderboard.json spec.json

Only the modules named in the import contract "answers" may import this one.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sandmle_gym.errors import UserError
from sandmle_gym.spec import Frozen, Milestones, TaskBrief, TaskSpec

PUBLIC_PART, PRIVATE_PART = "public", "private"
"""Values of the `part` column of `answers.csv`: rows that `score` answers on, rows that reward."""

TIERS = ("trivial", "competent", "insight", "insights", "expert")
"""Witnesses of a generated task, worst to best; see `certify`."""


class Gate(Frozen):
    """One check of a certificate, with the figures that decided it."""

    name: str
    passed: bool
    detail: str
    """One sentence with the figures, for people."""


class Rung(Frozen):
    """What one witness scored on the private rows."""

    tier: str
    score: float
    gap_se: float | None = None
    """Gap to the rung below, in paired bootstrap standard errors."""
    seconds: float | None = None
    """Wall time of the program in the sandbox; None for what is no program (the oracle)."""


class Certificate(Frozen):
    """The proof that a task is solvable, not gameable, and that its milestones are apart."""

    certified: bool
    rungs: tuple[Rung, ...]
    gates: tuple[Gate, ...]
    standard_error: float
    """Bootstrap standard error of the best witness's score on the private rows, in metric units."""
    versions: dict[str, str]
    """Versions of the libraries that measured it."""

    @property
    def failures(self) -> tuple[Gate, ...]:
        """The gates that did not hold."""
        return tuple(gate for gate in self.gates if not gate.passed)


@dataclass(frozen=True)
class Private:
    """What never enters a sandbox."""

    answers: bytes
    """CSV: the id column, `part` (public | private), then the truth columns."""
    oracle: bytes | None
    """The Bayes-optimal submission for the task's metric, as CSV; None for real data."""
    witnesses: Mapping[str, str]
    """Tier -> Python program that reads the public files and writes `submission.csv`."""
    spec: TaskSpec | None
    """The recipe of a generated task; None for a task made from someone's own data."""
    milestones: Milestones | None = None
    certificate: Certificate | None = None
    leaderboard: Mapping[str, float] = field(default_factory=dict)
    """Name of a fixed pipeline -> its score on the private rows; empty where nobody has run them."""


@dataclass(frozen=True)
class TaskBundle:
    """One task. `public` maps file names to contents."""

    brief: TaskBrief
    public: Mapping[str, bytes]
    private: Private

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the task: brief, public files, answers; not of measurements."""
        parts: dict[str, bytes] = {"brief": _canonical(self.brief), "answers": self.private.answers}
        parts |= {f"public/{name}": data for name, data in self.public.items()}
        total = hashlib.sha256()
        for name in sorted(parts):
            total.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
        return total.hexdigest()

    @property
    def milestones(self) -> Milestones:
        """The milestones; a draw that was not certified has none yet."""
        if self.private.milestones is None:
            raise UserError(f"task {self.brief.title!r} has no milestones yet: certify it first")
        return self.private.milestones

    def measured(self, milestones: Milestones, certificate: Certificate | None) -> "TaskBundle":
        """Return the same task with its measurements."""
        private = replace(self.private, milestones=milestones, certificate=certificate)
        return replace(self, private=private)

    def save(self, folder: Path) -> None:
        """Write the task into a folder that does not exist yet; whole or not at all."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(staging / "public", dict(self.public))
            _write(staging / "private", self._private_files())
            (staging / "task.json").write_bytes(
                _pretty({"digest": self.digest, "brief": self.brief.model_dump(mode="json")})
            )
            (staging / "public").chmod(0o755)
            (staging / "private").chmod(0o700)
            staging.chmod(0o755)
            staging.rename(folder)
        except OSError:
            shutil.rmtree(staging, ignore_errors=True)
            raise

    def export_paper(self, folder: Path) -> None:
        """Write the layout of the SandMLE release, but with the answers kept out of `public`.

        `prepared/public` holds what an agent may see; `prepared/private` holds `answer.csv` and
        `grading.json` (metric, direction and thresholds under the release's own key names).
        """
        from sandmle_gym.metrics import get_metric

        metric = get_metric(self.brief.metric)
        marks = self.milestones
        grading = {
            "metric": self.brief.metric.model_dump(mode="json"),
            "is_lower_better": not metric.greater_is_better,
            "gold_threshold": marks.gold,
            "silver_threshold": marks.silver,
            "bronze_threshold": marks.bronze,
            "median_threshold": marks.median,
        }
        prepared = folder / "prepared"
        if prepared.exists():
            raise UserError(f"{prepared} exists already; name another folder or remove it")
        _write(prepared / "public", dict(self.public))
        _write(
            prepared / "private",
            {"answer.csv": self.private.answers, "grading.json": _pretty(grading)},
        )

    def _private_files(self) -> dict[str, bytes]:
        private = self.private
        files = {"answers.csv": private.answers}
        files |= {f"witnesses/{tier}.py": code.encode() for tier, code in private.witnesses.items()}
        if private.oracle is not None:
            files["oracle.csv"] = private.oracle
        if private.leaderboard:
            files["leaderboard.json"] = _pretty(dict(private.leaderboard))
        for name in ("milestones", "certificate", "spec"):
            model: Frozen | None = getattr(private, name)
            if model is not None:
                files[f"{name}.json"] = _pretty(model.model_dump(mode="json"))
        return files


def load(folder: Path) -> TaskBundle:
    """Read a task folder written by `TaskBundle.save`.

    Raises:
        UserError: It is no task folder, a file is missing or malformed, or the content does not have
            the digest it was saved with.
    """
    try:
        head = json.loads((folder / "task.json").read_bytes())
        private = folder / "private"
        models: dict[str, Any] = {
            name: kind.model_validate_json((private / f"{name}.json").read_bytes())
            if (private / f"{name}.json").exists()
            else None
            for name, kind in _PRIVATE_MODELS.items()
        }
        oracle, board = private / "oracle.csv", private / "leaderboard.json"
        bundle = TaskBundle(
            brief=TaskBrief.model_validate(head["brief"]),
            public=MappingProxyType(_read(folder / "public")),
            private=Private(
                answers=(private / "answers.csv").read_bytes(),
                oracle=oracle.read_bytes() if oracle.exists() else None,
                witnesses={
                    path.stem: path.read_bytes().decode()
                    for path in sorted(private.glob("witnesses/*.py"), key=_tier)
                },
                leaderboard=json.loads(board.read_bytes()) if board.exists() else {},
                **models,
            ),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder} is not a readable task folder: {error}") from error
    if bundle.digest != head.get("digest"):
        raise UserError(f"the content of {folder} changed since it was saved; make the task anew")
    return bundle


_PRIVATE_MODELS: dict[str, type[Frozen]] = {
    "milestones": Milestones,
    "certificate": Certificate,
    "spec": TaskSpec,
}


def _canonical(model: Frozen) -> bytes:
    return json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=True).encode()


def _pretty(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _read(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _tier(path: Path) -> tuple[int, str]:
    """Where a witness stands on the ladder; a folder lists its files in any order."""
    return (*TIERS, path.stem).index(path.stem), path.stem
