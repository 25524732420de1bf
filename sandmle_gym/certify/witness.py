"""Run the stored solutions of a task where an agent would: in the sandbox, through its own tools."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandmle_gym.sandbox import Backend, ExecResult, Sandbox

STOCHASTIC = "# stochastic: yes"
"""First line of a witness whose score depends on `SANDMLE_WITNESS_SEED`; others run once."""

TIMEOUT_SECONDS = 60.0
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Ran:
    """What one run of a witness left: a submission, or a sentence that says why there is none."""

    submission: bytes | None
    seconds: float
    problem: str = ""


def seeds_of(program: str) -> tuple[int, ...]:
    """Return the seeds that a witness must be run with to know its score."""
    return SEEDS if program.startswith(STOCHASTIC) else SEEDS[:1]


@dataclass(frozen=True)
class Desk:
    """Opens sandboxes that hold the public files of one task."""

    backend: Backend
    public: Mapping[str, bytes]
    folder: Path | None
    """Where the files lie for the backend to bind; None: it has no public root, they are put."""

    def open(self) -> Sandbox:
        """Open a fresh sandbox with the files in it."""
        sandbox = self.backend.open(self.folder)
        if self.folder is None:
            sandbox.put(self.public)
        return sandbox


@contextmanager
def desk(backend: Backend, public: Mapping[str, bytes]) -> Iterator[Desk]:
    """Lay out the public files once for many runs: a task of pictures has over a thousand."""
    if backend.public_root is None:
        yield Desk(backend, public, None)
        return
    with tempfile.TemporaryDirectory(prefix=".certify-", dir=backend.public_root) as name:
        folder = Path(name)
        for file, data in public.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o644)
        folder.chmod(0o755)
        yield Desk(backend, public, folder)


def run(at: Desk, program: str, *, seed: int, max_bytes: int) -> Ran:
    """Run one program in a fresh sandbox that holds the public files.

    Args:
        at: Where to run it.
        program: Python source that writes `submission.csv`.
        seed: Reaches the program as the environment variable `SANDMLE_WITNESS_SEED`.
        max_bytes: Largest submission that is read back.

    Raises:
        SandboxError: The sandbox broke.
    """
    source = f'import os; os.environ["SANDMLE_WITNESS_SEED"] = "{seed}"\n{program}'
    with at.open() as sandbox:
        result = sandbox.run("python", source, seconds=TIMEOUT_SECONDS)
        if not result.ok:
            return Ran(None, result.seconds, _why(result))
        fetched = sandbox.get("submission.csv", max_bytes=max_bytes)
    problem = "" if fetched.data is not None else f"submission.csv: {fetched.problem}"
    return Ran(fetched.data, result.seconds, problem)


def _why(result: ExecResult) -> str:
    how = result.status if result.exit_code is None else f"exit code {result.exit_code}"
    last = (result.head + result.tail).decode(errors="replace").strip().splitlines()[-1:]
    return f"{how}: {last[0]}" if last else how
