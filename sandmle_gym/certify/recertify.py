"""Certify frozen tasks again and hold them against their lock: the same draw, every gate, unmoved milestones.

It takes seconds a task, so what is done is kept in a journal, valid for the same digests and libraries.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.certify.libraries import library_versions
from sandmle_gym.certify.measure import certify
from sandmle_gym.errors import LockMismatchError
from sandmle_gym.sandbox import Backend
from sandmle_gym.spec import Frozen


class Verdict(Frozen):
    """What came of one task."""

    name: str
    digest: str
    problems: tuple[str, ...] = ()
    """Sentences: another draw, a failed gate, a milestone that moved by more than a standard error."""
    versions: dict[str, str]


def recertify(
    names: Iterable[str],
    opened: Callable[[str], TaskBundle],
    backend: Backend,
    *,
    journal: Path,
    workers: int = 2,
) -> Iterator[Verdict]:
    """Yield the verdict on each task, those of the journal first.

    Args:
        names: References of frozen tasks.
        opened: Draws a task and attaches what its lock says.
        backend: Where the witnesses run.
        journal: One line per verdict; made if it is not there.
        workers: Tasks certified at once.

    Raises:
        SandboxError: The sandbox broke; the verdicts so far are in the journal.
    """
    known = {line.name: line for line in _read(journal)}
    pool = ThreadPoolExecutor(workers, thread_name_prefix="recertify")
    journal.parent.mkdir(parents=True, exist_ok=True)
    try:
        jobs = [pool.submit(_judge, name, opened, backend, known.get(name)) for name in names]
        with journal.open("a", encoding="utf-8") as lines:
            lines.write("\n")  # what a kill has cut short stays a line of its own
            for job in as_completed(jobs):
                verdict = job.result()
                if known.get(verdict.name) != verdict:
                    lines.write(verdict.model_dump_json() + "\n")
                    lines.flush()
                yield verdict
    finally:
        pool.shutdown(cancel_futures=True)


def _judge(
    name: str,
    opened: Callable[[str], TaskBundle],
    backend: Backend,
    before: Verdict | None,
) -> Verdict:
    versions = library_versions()
    try:
        bundle = opened(name)
    except LockMismatchError as error:
        return Verdict(name=name, digest="", problems=(str(error),), versions=versions)
    if before is not None and (before.digest, before.versions) == (bundle.digest, versions):
        return before
    problems = tuple(_problems(bundle, certify(bundle, backend)))
    return Verdict(name=name, digest=bundle.digest, problems=problems, versions=versions)


def _problems(frozen: TaskBundle, measured: TaskBundle) -> Iterator[str]:
    certificate = measured.private.certificate
    assert certificate is not None
    yield from (f"{gate.name}: {gate.detail}" for gate in certificate.failures)
    if measured.private.milestones is None:
        return
    before, now = frozen.milestones.model_dump(), measured.milestones.model_dump()
    for mark, value in now.items():
        if abs(value - before[mark]) > certificate.standard_error:
            yield f"{mark} moved: {before[mark]:.6g} -> {value:.6g}"


def _read(journal: Path) -> Iterator[Verdict]:
    """Yield the verdicts of the journal; a line cut short by a kill is none."""
    if not journal.exists():
        return
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            yield Verdict.model_validate(json.loads(line))
        except ValueError:
            continue
