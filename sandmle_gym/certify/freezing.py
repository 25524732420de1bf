"""Freeze the suite: find a certified draw for every id of the plan and write the lock.

A freeze takes hours, so it keeps a journal beside the lock: a line per finished task, the last of an id
counts, valid for as long as cards, code and libraries are the same. A freeze that was killed goes on where it
stopped. When all ids are filled, those too near to an earlier one are drawn again, until none is.
"""

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandmle_gym.certify.attempts import Yield, search
from sandmle_gym.certify.likeness import too_near
from sandmle_gym.certify.lock import Entry, Lock, YieldEntry, freeze_entry
from sandmle_gym.certify.recipe import recipe_digest
from sandmle_gym.certify.secret import key_check
from sandmle_gym.certify.suite import Slot, Suite
from sandmle_gym.errors import CertificationError, UserError
from sandmle_gym.families import derive, draw, load_card
from sandmle_gym.sandbox import Backend
from sandmle_gym.seeding import keyed
from sandmle_gym.selection import level_bounds
from sandmle_gym.spec import Frozen

SUITE, LOCK, JOURNAL = "suite.toml", "suite.lock.json", "suite.lock.journal"
NOVELTY = "novelty"
"""The gate that a certified draw fails when it is too near to an earlier task."""


@dataclass(frozen=True)
class Progress:
    """How far a freeze is."""

    done: int
    total: int
    name: str
    """The id that was just finished, or what is done next; empty for the report at the start."""


class Line(Frozen):
    """One line of the journal."""

    recipe: str
    name: str
    entry: Entry
    counts: YieldEntry


def freeze(
    envs: Path,
    backend: Backend,
    *,
    workers: int = 2,
    key: bytes = b"",
    progress: Callable[[Progress], None] = lambda _: None,
) -> Lock:
    """Freeze `envs/suite.toml` into `envs/suite.lock.json`.

    Args:
        envs: The folder of the plan and of `seeds/<card>/`.
        backend: Where the witnesses run.
        workers: Threads; most of the work is in sandbox processes and NumPy.
        key: Makes a private suite, which nobody can draw without it; see `secret`.
        progress: Called in this thread, at the start, after every task, and before all are compared.

    Raises:
        UserError: The plan or a card is wrong, or another freeze of this folder is running.
        CertificationError: For some ids no draw passed; the others are in the journal.
        SandboxError: The sandbox broke.
    """
    suite = Suite.load(envs / SUITE)
    slots = list(suite.slots())
    recipes = {
        card: recipe_digest(envs / "seeds" / card / "seed.toml") + key_check(key)
        for card in dict.fromkeys(slot.card for slot in slots)
    }
    with _exclusive(envs / JOURNAL) as journal:
        done = {line.name: line for line in _read(journal, recipes, slots)}
        progress(Progress(len(done), len(slots), ""))
        todo: dict[Slot, Line | None] = {slot: None for slot in slots if slot.name not in done}
        statements: dict[tuple[str, int], str] = {}
        while True:
            for line in _fill(envs, backend, key, todo, workers):
                done[line.name] = line.model_copy(update={"recipe": recipes[line.entry.card]})
                _append(journal, done[line.name])
                progress(Progress(len(done), len(slots), line.name))
            progress(Progress(len(done), len(slots), "comparing the tasks"))
            _draw_statements(envs, key, done.values(), statements, workers)
            todo = _to_draw_again(slots, done, statements)
            if not todo:
                break
        lock = _lock(suite, [done[slot.name] for slot in slots])
        lock = lock.model_copy(update={"key_check": key_check(key)})
        lock.save(envs / LOCK)
        (envs / JOURNAL).unlink()
    return lock


def _fill(
    envs: Path, backend: Backend, key: bytes, todo: Mapping[Slot, Line | None], workers: int
) -> Iterator[Line]:
    """Yield a line for each slot as it is found; raise at the end where for some there is none."""
    failures: list[str] = []
    pool = ThreadPoolExecutor(workers, thread_name_prefix="freeze")
    try:
        for future in as_completed(
            [pool.submit(_solve, envs, backend, key, slot, last) for slot, last in todo.items()]
        ):
            try:
                yield future.result()
            except CertificationError as error:
                failures.append(str(error))
    finally:
        pool.shutdown(cancel_futures=True)
    if failures:
        raise CertificationError("; ".join(failures))


def _solve(envs: Path, backend: Backend, key: bytes, slot: Slot, last: Line | None) -> Line:
    """Find a draw for a slot, after the last that was found for it."""
    card = load_card(envs / "seeds" / slot.card / "seed.toml")
    if card.split is not slot.split:
        raise UserError(f"{slot.name}: card {slot.card} is for {card.split}, not for {slot.split}")
    try:
        with keyed(key):  # in this thread, which is no other task's meanwhile
            result = search(card, slot.index, backend, first=last.entry.attempt + 1 if last else 0)
    except CertificationError as error:
        raise CertificationError(f"{slot.name}: {error}") from error
    entry = freeze_entry(result.bundle, attempt=result.attempts[-1].attempt)
    found = Yield.of(result.attempts)
    counts = [YieldEntry(attempts=found.attempts, certified=1, failures=found.failures)]
    if last is not None:
        failed = Counter(last.counts.failures) + Counter({NOVELTY: 1})
        counts.append(last.counts.model_copy(update={"certified": 0, "failures": failed}))
    return Line(recipe="", name=slot.name, entry=entry, counts=_sum(counts))


def _draw_statements(
    envs: Path,
    key: bytes,
    lines: Iterable[Line],
    statements: dict[tuple[str, int], str],
    workers: int,
) -> None:
    """Add the statements of the draws that are not known yet, by id and attempt."""

    def statement(entry: Entry) -> str:
        card = load_card(envs / "seeds" / entry.card / "seed.toml")
        with keyed(key):
            return draw(derive(card, entry.index, entry.attempt)).public["description.md"].decode()

    new = {(line.name, line.entry.attempt): line.entry for line in lines}
    new = {name: entry for name, entry in new.items() if name not in statements}
    with ThreadPoolExecutor(workers, thread_name_prefix="freeze") as pool:
        statements.update(zip(new, pool.map(statement, new.values()), strict=True))


def _to_draw_again(
    slots: Sequence[Slot], done: Mapping[str, Line], statements: Mapping[tuple[str, int], str]
) -> dict[Slot, Line | None]:
    """Return the slots whose draws are too near to an earlier one, with these."""
    lines = [done[slot.name] for slot in slots]
    entries = [line.entry.model_dump(mode="json") for line in lines]
    texts = [statements[line.name, line.entry.attempt] for line in lines]
    return {slots[place]: lines[place] for place in sorted(too_near(entries, texts))}


def _lock(suite: Suite, lines: list[Line]) -> Lock:
    yields = {
        card: _sum([line.counts for line in lines if line.entry.card == card])
        for card in dict.fromkeys(line.entry.card for line in lines)
    }
    tasks = {line.name: line.entry for line in lines}
    measured = [entry.difficulty for entry in tasks.values() if entry.difficulty is not None]
    return Lock(version=suite.version, tasks=tasks, yields=yields, levels=level_bounds(measured))


def _sum(counts: Sequence[YieldEntry]) -> YieldEntry:
    failures: Counter[str] = Counter()
    for count in counts:
        failures.update(count.failures)
    return YieldEntry(
        attempts=sum(count.attempts for count in counts),
        certified=sum(count.certified for count in counts),
        failures=dict(sorted(failures.items())),
    )


@contextmanager
def _exclusive(path: Path) -> Iterator[IO[str]]:
    with path.open("a+", encoding="utf-8") as journal:
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"another freeze of {path.parent} is running") from error
        yield journal


def _read(journal: IO[str], recipes: dict[str, str], slots: list[Slot]) -> Iterator[Line]:
    """Yield the journal's lines that are still true; a line cut short by a kill is no line."""
    planned = {(slot.name, slot.card, slot.index) for slot in slots}
    journal.seek(0)
    texts = journal.readlines()
    if texts and not texts[-1].endswith("\n"):
        journal.write("\n")
    for text in texts:
        try:
            line = Line.model_validate_json(text)
        except ValueError:
            continue
        same = line.recipe == recipes.get(line.entry.card)
        if same and (line.name, line.entry.card, line.entry.index) in planned:
            yield line


def _append(journal: IO[str], line: Line) -> None:
    journal.write(line.model_dump_json() + "\n")
    journal.flush()
    os.fsync(journal.fileno())
