"""Search for a certified draw: walk a card's deterministic schedule of attempts, and count the yield."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sandmle_gym.bundle import Gate, TaskBundle
from sandmle_gym.certify.leaderboard import with_leaderboard
from sandmle_gym.certify.measure import certify
from sandmle_gym.certify.witness import seeds_of
from sandmle_gym.errors import CertificationError
from sandmle_gym.families import SeedCard, derive, draw
from sandmle_gym.sandbox import Backend

MAX_ATTEMPTS = 32


@dataclass(frozen=True)
class AttemptReport:
    """What became of one draw."""

    attempt: int
    failures: tuple[Gate, ...]
    """The gates that failed; none if the draw was certified."""
    seconds: float
    """Processor time of this thread plus, at most, the wall time of the witnesses in the sandbox."""


@dataclass(frozen=True)
class SearchResult:
    """A certified task and the attempts that led to it, the successful one last."""

    bundle: TaskBundle
    attempts: tuple[AttemptReport, ...]


@dataclass(frozen=True)
class Yield:
    """How many draws were tried and kept, and at which gates the others failed."""

    attempts: int
    certified: int
    failures: dict[str, int]
    """Gate -> draws that failed it (a draw can fail several), most frequent first."""
    seconds: float

    @classmethod
    def of(cls, attempts: Iterable[AttemptReport]) -> "Yield":
        """Count some attempts."""
        attempts = tuple(attempts)
        failed = Counter(gate.name for report in attempts for gate in report.failures)
        return cls(
            attempts=len(attempts),
            certified=sum(not report.failures for report in attempts),
            failures=dict(sorted(failed.items(), key=lambda item: (-item[1], item[0]))),
            seconds=sum(report.seconds for report in attempts),
        )

    def __str__(self) -> str:
        lost = ", ".join(f"{name} {count}" for name, count in self.failures.items()) or "none"
        return f"{self.certified} of {self.attempts} draws certified; failed gates: {lost}"


def search(
    card: SeedCard,
    index: int,
    backend: Backend,
    *,
    first: int = 0,
    max_attempts: int = MAX_ATTEMPTS,
) -> SearchResult:
    """Return the first draw of (card, index) that passes every gate, with its leaderboard.

    Args:
        card: The seed card.
        index: The index on its stream.
        backend: Where the witnesses run.
        first: The attempt to start at.
        max_attempts: The attempt to end before.

    Raises:
        CertificationError: No draw does; the message counts the failed gates.
        SandboxError: The sandbox broke.
    """
    reports: list[AttemptReport] = []
    for attempt in range(first, max_attempts):
        began = time.thread_time()
        bundle = certify(draw(derive(card, index, attempt)), backend, stop_early=True)
        certificate = bundle.private.certificate
        assert certificate is not None
        seconds = time.thread_time() - began + _sandbox_seconds(bundle)
        reports.append(AttemptReport(attempt, certificate.failures, seconds))
        if certificate.certified:
            return SearchResult(with_leaderboard(bundle), tuple(reports))
    raise CertificationError(f"{card.slug} index {index}: {Yield.of(reports)}")


def _sandbox_seconds(bundle: TaskBundle) -> float:
    rungs = bundle.private.certificate.rungs if bundle.private.certificate else ()
    programs = bundle.private.witnesses
    return sum(rung.seconds * len(seeds_of(programs[rung.tier])) for rung in rungs if rung.seconds)
