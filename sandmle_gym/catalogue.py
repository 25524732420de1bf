"""Where tasks come from: the frozen suite, the endless streams, real data, a folder of one's own.

A task is named by a reference, the same in `gym.make`, the command line and Python:

    task-042             frozen in the suite lock; never changes
    real/wine            real data that scikit-learn carries
    parcel-claims#7      draw 7 of a seed card's stream; certified when first asked for, then kept
    ./my-task            a folder written by `sandmle new`

Importing this module is light; pandas, scikit-learn and the families are imported when a task is opened.
"""

import contextlib
import json
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandmle_gym.cache import cache_root
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.selection import TaskFacts, difficulty, level_bounds, level_of, select
from sandmle_gym.storage import Shelf, keep, public_root, publish

if TYPE_CHECKING:
    from sandmle_gym.bundle import TaskBundle
    from sandmle_gym.families import SeedCard
    from sandmle_gym.spec import TaskSpec

NAMESPACE, REAL_NAMESPACE = "SandMLE", "SandMLE-Real"


@dataclass(frozen=True)
class Task:
    """A task by its reference, with everything that belongs to it (the answers too)."""

    reference: str
    bundle: "TaskBundle"
    suite_version: str | None = None
    """Version of the lock that froze it; None for a task that is not frozen."""

    @property
    def public_folder(self) -> Path:
        """A read-only folder with the public files, named by the digest of the task."""
        return publish(self.bundle)

    def witness(self, tier: str) -> str:
        """Return the program of a witness: the stored solution that proves a tier.

        Raises:
            UnknownNameError: This task has none of that tier.
        """
        try:
            return self.bundle.private.witnesses[tier]
        except KeyError:
            raise UnknownNameError("witness", tier, self.bundle.private.witnesses) from None


def envs_root() -> Path:
    """Return the folder of cards and locks: inside an installed wheel, or beside the package.

    The environment variable SANDMLE_ENVS names another one, such as that of a private suite.
    """
    if chosen := os.environ.get("SANDMLE_ENVS"):
        return Path(chosen).expanduser().resolve()
    package = Path(__file__).parent
    installed = package / "_envs"
    return installed if installed.is_dir() else package.parent / "envs"


@cache
def suite_lock() -> Mapping[str, Any]:
    """Return the lock of the frozen suite."""
    return _read_lock("suite.lock.json")


@cache
def real_lock() -> Mapping[str, Any]:
    """Return the lock of the tasks made from real data."""
    return _read_lock("real.lock.json")


@cache
def cards() -> Mapping[str, Path]:
    """Map the slug of every seed card to its file."""
    return {path.parent.name: path for path in sorted(envs_root().glob("seeds/*/seed.toml"))}


@cache
def split_of(name: str) -> str:
    """Return the split of a frozen task (train, val, test), as the plan of the suite has it."""
    plan = tomllib.loads((envs_root() / "suite.toml").read_text())
    number = int(name.removeprefix("task-"))
    for split, ids in plan["splits"].items():
        if ids["first"] <= number < ids["first"] + ids["count"]:
            return split
    raise UserError(f"{name} lies in no split of suite.toml")


@cache
def all_tasks() -> tuple[TaskFacts, ...]:
    """Return the facts of every frozen task, in the order of the suite."""
    entries = suite_lock()["tasks"]
    measured = {name: difficulty(e["certificate"]["rungs"]) for name, e in entries.items()}
    bounds = suite_lock().get("levels") or level_bounds(measured.values())
    return tuple(
        TaskFacts(
            reference=name,
            split=split_of(name),
            domain=_domain(entry["card"]),
            metric=entry["metric"]["name"],
            difficulty=measured[name],
            level=level_of(measured[name], bounds),
            **{key: entry[key] for key in ("title", "card", "modality", "train_rows")},
        )
        for name, entry in entries.items()
    )


@cache
def _domain(slug: str) -> str:
    return tomllib.loads(cards()[slug].read_text(encoding="utf-8"))["domain"]


def tasks(  # noqa: PLR0913 — each is a fact that one may ask for
    *,
    split: str | None = None,
    modality: str | None = None,
    metric: str | None = None,
    level: str | None = None,
    card: str | None = None,
    domain: str | None = None,
    order: str = "suite",
) -> list[TaskFacts]:
    """Return the facts of the frozen tasks that have every value asked for.

    Args:
        split: train, val or test.
        modality: What the data are made of: tabular, image, text …
        metric: The name of a metric.
        level: easy, moderate, hard or extreme; see `selection`.
        card: The slug of a seed card.
        domain: A field of work, as the cards name it.
        order: "suite", or "difficulty" for a curriculum: easiest first.

    Raises:
        UnknownNameError: No task has such a value.
    """
    filters = {"split": split, "modality": modality, "metric": metric, "level": level}
    return select(all_tasks(), order=order, card=card, domain=domain, **filters)


def card(slug: str) -> "SeedCard":
    """Load a seed card by its slug."""
    from sandmle_gym.families import load_card

    try:
        return load_card(cards()[slug])
    except KeyError:
        raise UnknownNameError("seed card", slug, cards()) from None


def references() -> Iterator[str]:
    """Name every frozen task, then every real one."""
    yield from suite_lock()["tasks"]
    yield from (f"real/{name}" for name in real_lock()["tasks"])


def normalise(reference: str) -> str:
    """Turn any way to name a task (a Gymnasium id among them) into its reference."""
    reference = reference.removeprefix("sandmle_gym:")
    if reference.startswith(f"{REAL_NAMESPACE}/"):
        return f"real/{reference.removeprefix(f'{REAL_NAMESPACE}/').removesuffix('-v0')}"
    return reference.removeprefix(f"{NAMESPACE}/")


def open_task(reference: str) -> Task:
    """Open a task by reference, drawing it if this machine has not drawn it yet.

    Raises:
        UnknownNameError: Nothing has that name.
        LockMismatchError: A frozen task comes out differently here.
        CertificationError: A stream's draw passed the gates in none of its attempts.
        SandboxError: A stream's draw has to be certified and this machine has no isolation.
    """
    reference = normalise(reference)
    if reference.startswith((".", "/", "~")) or (os.sep in reference and Path(reference).is_dir()):
        return _open_folder(Path(reference).expanduser())
    if reference in suite_lock()["tasks"] or reference.startswith("real/"):
        return _open_frozen(reference)
    slug, _, index = reference.partition("#")
    if slug in cards() and index.isdecimal():
        return _open_stream(slug, int(index))
    streams = [f"{name}#0" for name in cards()]
    raise UnknownNameError("task", reference, [*references(), *streams])


def register() -> None:
    """Register every id with Gymnasium: entry points are strings, so nothing heavy is imported.

    Into its registry directly, as `gymnasium.register` looks through the whole of it for each id: with a
    thousand that takes as long as importing NumPy.
    """
    from gymnasium.envs.registration import EnvSpec, registry

    ids: dict[str, dict[str, Any]] = {
        f"{NAMESPACE}/{name}": {"task": name} for name in suite_lock()["tasks"]
    }
    ids |= {f"{NAMESPACE}/{slug}-v0": {"card": slug} for slug in cards()}
    ids |= {
        f"{REAL_NAMESPACE}/{name}-v0": {"task": f"real/{name}"} for name in real_lock()["tasks"]
    }
    ids |= {f"{NAMESPACE}/Suite-v0": {}, f"{NAMESPACE}/Folder-v0": {}}
    for name, kwargs in ids.items():
        if name not in registry:
            registry[name] = EnvSpec(
                name,
                entry_point="sandmle_gym.env:SandMLEEnv",
                vector_entry_point="sandmle_gym.vector:ThreadVectorEnv",
                kwargs=kwargs,
            )


def _read_lock(name: str) -> Mapping[str, Any]:
    path = envs_root() / name
    if not path.exists():
        return {"version": None, "tasks": {}}
    return json.loads(path.read_bytes())


def _open_folder(folder: Path) -> Task:
    from sandmle_gym.bundle import load

    return Task(str(folder), load(folder))


_shelf: Shelf[Task] = Shelf()


def _open_frozen(reference: str) -> Task:
    """Take a frozen task from memory, else from the disk or a new draw."""
    task = _shelf.get(reference)
    if task is None:
        task = _fetch_frozen(reference)
        _shelf.put(reference, task, sum(map(len, task.bundle.public.values())))
    return task


def _fetch_frozen(reference: str) -> Task:
    """Take a frozen task from the cache of this machine, else draw it; either way the lock decides."""
    from sandmle_gym.bundle import load

    real = reference.startswith("real/")
    lock = real_lock() if real else suite_lock()
    entry = lock["tasks"].get(reference.removeprefix("real/"))
    if entry is None:
        raise UnknownNameError("task", reference, references())
    folder = cache_root() / "tasks" / entry["digest"]
    if folder.is_dir():
        try:
            return Task(reference, _as_frozen(load(folder), entry), lock["version"])
        except UserError:
            shutil.rmtree(folder, ignore_errors=True)  # damaged: draw it again
    bundle = _restore_real(reference, entry) if real else _restore(reference, entry)
    keep(bundle, folder)
    return Task(reference, bundle, lock["version"])


def _as_frozen(bundle: "TaskBundle", entry: Mapping[str, Any]) -> "TaskBundle":
    """Give a kept task the measurements of the lock: no digest covers them, and they may be newer."""
    held, frozen = bundle.private, entry["certificate"]["rungs"]
    rungs = [[rung.tier, rung.score] for rung in held.certificate.rungs] if held.certificate else []
    marks = held.milestones and held.milestones.model_dump(mode="json")
    if (marks, rungs, held.leaderboard) == (entry["milestones"], frozen, entry["leaderboard"]):
        return bundle
    from sandmle_gym.certify import Entry, attach_entry

    return attach_entry(bundle, Entry.model_validate(entry))


def _restore(reference: str, entry: Mapping[str, Any]) -> "TaskBundle":
    from sandmle_gym.certify import Entry, restore
    from sandmle_gym.certify.secret import key_for

    frozen, key = Entry.model_validate(entry), key_for(suite_lock().get("key_check", ""))
    return restore(frozen, card(frozen.card), name=reference, key=key)


def _restore_real(reference: str, entry: Mapping[str, Any]) -> "TaskBundle":
    from sandmle_gym.certify import Entry
    from sandmle_gym.real import restore

    return restore(reference.removeprefix("real/"), Entry.model_validate(entry))


def _open_stream(slug: str, index: int) -> Task:
    """Take a certified draw from the cache if it is still what the card draws, else certify one."""
    from sandmle_gym.bundle import load
    from sandmle_gym.certify import search
    from sandmle_gym.sandbox import get_backend

    folder = cache_root() / "streams" / slug / str(index)
    seed_card, reference = card(slug), f"{slug}#{index}"
    if folder.is_dir():
        with contextlib.suppress(UserError):  # damaged
            bundle = load(folder)
            spec = bundle.private.spec
            if spec is not None and _still_drawn(seed_card, spec, bundle.digest):
                return Task(reference, bundle)
        shutil.rmtree(folder, ignore_errors=True)
    bundle = search(seed_card, index, get_backend("auto", public_root=public_root())).bundle
    keep(bundle, folder)
    return Task(reference, bundle)


def _still_drawn(seed_card: "SeedCard", spec: "TaskSpec", digest: str) -> bool:
    """Tell whether card and code of today still draw a task that was kept earlier."""
    from sandmle_gym.families import derive, draw

    current = derive(seed_card, spec.index, spec.attempt)
    return current == spec and draw(spec).digest == digest
