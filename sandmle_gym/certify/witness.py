"""Run the stored solutions of a task where an agent would: in the sandbox, through its own tools."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandmle_gym.sandbox import Backend, ExecResult

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


def run(
    backend: Backend, public: Mapping[str, bytes], program: str, *, seed: int, max_bytes: int
) -> Ran:
    """Run one program in a fresh sandbox that holds the public files.

    Args:
        backend: Where to run it.
        public: The files an agent would see.
        program: Python source that writes `submission.csv`.
        seed: Reaches the program as the environment variable `SANDMLE_WITNESS_SEED`.
        max_bytes: Largest submission that is read back.

    Raises:
        SandboxError: The sandbox broke.
    """
    source = f'import os; os.environ["SANDMLE_WITNESS_SEED"] = "{seed}"\n{program}'
    with backend.open() as sandbox:
        sandbox.put(public)
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
