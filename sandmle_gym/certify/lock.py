"""The lock: frozen tasks with digests and measurements, so that opening one needs no refit.

One task is one line of JSON. `restore` draws a task again and holds it against its line; whatever
differs is named, because a task that silently drifted would make results incomparable.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import Field, ValidationError

from sandmle_gym.bundle import Certificate, Gate, Rung, TaskBundle
from sandmle_gym.certify.libraries import library_versions
from sandmle_gym.errors import LockMismatchError, UserError
from sandmle_gym.families import SeedCard, derive, draw
from sandmle_gym.seeding import keyed
from sandmle_gym.selection import difficulty
from sandmle_gym.spec import Frozen, MetricSpec, Milestones, Modality, Slug


class CertificateSummary(Frozen):
    """A certificate without the gates that held."""

    certified: bool
    failures: dict[str, str] = Field(default_factory=dict)
    """Gate that failed -> its detail; why a task of real data is not certified."""
    standard_error: float
    min_gap_se: float
    """The smallest gap between neighbouring witnesses, in paired standard errors."""
    rungs: tuple[tuple[str, float], ...]
    """(tier, score), worst to best, the oracle last."""
    versions: dict[str, str]


class Entry(Frozen):
    """One frozen task."""

    card: Slug
    index: int = Field(ge=0)
    attempt: int = Field(ge=0)
    digest: str
    parts: dict[str, str]
    """Part of the task -> first characters of its own digest, to say what differs."""
    title: str
    metric: MetricSpec
    modality: Modality
    train_rows: int
    milestones: Milestones
    certificate: CertificateSummary
    leaderboard: dict[str, float] = Field(default_factory=dict)
    """Fixed pipeline or witness -> score; see `leaderboard`."""
    difficulty: float | None = None
    """From 0 to 1, see `selection`; None for real data, which has no oracle."""


class YieldEntry(Frozen):
    """The yield of a freeze, in whole or for one card."""

    attempts: int
    certified: int
    failures: dict[str, int]


class Lock(Frozen):
    """A lock file."""

    version: str
    """Version of the suite; shown in `info`."""
    tasks: dict[str, Entry]
    yields: dict[str, YieldEntry] = Field(default_factory=dict)
    """Card -> yield."""
    levels: dict[str, float] = Field(default_factory=dict)
    """Level -> the largest difficulty that it names: the quarters of the suite when it was frozen."""
    key_check: str = ""
    """Of a private suite, what tells its key from another; see `secret`."""

    def dumps(self) -> str:
        """Return the file's text: keys in a fixed order, one task a line."""
        head = {"version": self.version, "levels": self.levels, "key_check": self.key_check}
        sections = {
            "tasks": {name: entry.model_dump(mode="json") for name, entry in self.tasks.items()},
            "yields": {name: entry.model_dump(mode="json") for name, entry in self.yields.items()},
        }
        lines = [json.dumps(head)[:-1]]
        for section, entries in sections.items():
            lines[-1] += ","
            rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items()]
            lines += [f'"{section}": {{', *[row + "," for row in rows[:-1]], *rows[-1:], "}"]
        return "\n".join(lines) + "}\n"

    def save(self, path: Path) -> None:
        """Replace the file in one step."""
        staging = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            staging.write_text(self.dumps(), encoding="utf-8")
            staging.replace(path)
        finally:
            staging.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "Lock":
        """Read a lock file.

        Raises:
            UserError: It is missing or malformed.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(f"{path} is not a readable lock file: {error}") from error


def freeze_entry(bundle: TaskBundle, *, attempt: int = 0) -> Entry:
    """Return the line of a measured task."""
    brief, certificate = bundle.brief, bundle.private.certificate
    if certificate is None:
        raise UserError(f"task {brief.title!r} has no certificate yet: certify it first")
    gaps = [rung.gap_se for rung in certificate.rungs[:-1] if rung.gap_se is not None]
    summary = CertificateSummary(
        certified=certificate.certified,
        failures={gate.name: gate.detail for gate in certificate.failures},
        standard_error=_short(certificate.standard_error),
        min_gap_se=_short(min(gaps, default=0.0)),
        rungs=tuple((rung.tier, _short(rung.score)) for rung in certificate.rungs),
        versions=certificate.versions,
    )
    return Entry(
        card=brief.card,
        index=brief.index,
        attempt=attempt,
        digest=bundle.digest,
        parts=part_digests(bundle),
        title=brief.title,
        metric=brief.metric,
        modality=brief.modality,
        train_rows=brief.train_rows,
        milestones=bundle.milestones,
        certificate=summary,
        leaderboard={name: _short(score) for name, score in bundle.private.leaderboard.items()},
        difficulty=None if bundle.private.oracle is None else difficulty(summary.rungs),
    )


def restore(entry: Entry, card: SeedCard, *, name: str = "", key: bytes = b"") -> TaskBundle:
    """Draw a frozen task again and attach what was measured when it was frozen.

    Args:
        entry: The task's line in the lock.
        card: Its seed card.
        name: The id, for the error.
        key: Of a private suite.

    Raises:
        LockMismatchError: The draw differs from what was frozen; says in which part.
    """
    with keyed(key):
        drawn = draw(derive(card, entry.index, entry.attempt))
    return attach_entry(drawn, entry, name=name)


def attach_entry(bundle: TaskBundle, entry: Entry, *, name: str = "") -> TaskBundle:
    """Hold a drawn task against its line and attach the line's measurements.

    Raises:
        LockMismatchError: The digests differ.
    """
    if bundle.digest != entry.digest:
        raise LockMismatchError(_mismatch(name or f"{entry.card} {entry.index}", bundle, entry))
    summary = entry.certificate
    certificate = Certificate(
        certified=summary.certified,
        rungs=tuple(Rung(tier=tier, score=score) for tier, score in summary.rungs),
        gates=tuple(
            Gate(name=name, passed=False, detail=detail)
            for name, detail in summary.failures.items()
        ),
        standard_error=summary.standard_error,
        versions=summary.versions,
    )
    private = replace(
        bundle.private,
        milestones=entry.milestones,
        certificate=certificate,
        leaderboard=entry.leaderboard,
    )
    return replace(bundle, private=private)


def part_digests(bundle: TaskBundle) -> dict[str, str]:
    """Return a short digest of every part that the digest of a task covers; a folder is one part."""
    brief = json.dumps(bundle.brief.model_dump(mode="json"), sort_keys=True).encode()
    files: Mapping[str, bytes] = {
        "brief": brief,
        "answers": bundle.private.answers,
        **bundle.public,
    }
    parts: dict[str, bytes] = {}
    for name, data in sorted(files.items()):
        folder, slash, _ = name.partition("/")
        within = name.encode() + hashlib.sha256(data).digest() if slash else data
        parts[folder + slash] = parts.get(folder + slash, b"") + within
    return {name: hashlib.sha256(part).hexdigest()[:8] for name, part in parts.items()}


def _mismatch(name: str, bundle: TaskBundle, entry: Entry) -> str:
    here, frozen = part_digests(bundle), entry.parts
    parts = [part for part in sorted(here | frozen) if here.get(part) != frozen.get(part)]
    versions = library_versions()
    moved = [
        f"{library} {old} -> {versions.get(library, 'absent')}"
        for library, old in entry.certificate.versions.items()
        if versions.get(library) != old
    ]
    return (
        f"{name}: this machine draws another task than the lock froze "
        f"(expected {entry.digest[:12]}, got {bundle.digest[:12]}); "
        f"different: {', '.join(parts) or 'how the parts are put together'}; "
        f"libraries changed since: {', '.join(moved) or 'none, so the card or the code did'}. "
        "Install the locked versions, or freeze the suite anew"
    )


def _short(number: float) -> float:
    """Round to six significant digits: enough to compare, and stable to read in a diff."""
    return float(f"{number:.6g}")
