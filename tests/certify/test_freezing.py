"""A freeze loses nothing to a kill, runs alone, and writes its lock in one step."""

import fcntl
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandmle_gym.certify import AttemptReport, Lock, SearchResult, certify, freeze, freezing, recipe
from sandmle_gym.errors import CertificationError, SandboxError, UserError
from sandmle_gym.spec import Split

PLAN = """
version = "3"
[splits.train]
first = 0
count = 848
frozen = {frozen}
cards = ["oak", "elm"]
"""


@dataclass(frozen=True)
class Card:
    slug: str
    split: Split = Split.TRAIN


@pytest.fixture
def envs(tmp_path):
    (tmp_path / "suite.toml").write_text(PLAN.format(frozen=5))
    for card in ("oak", "elm"):
        (tmp_path / "seeds" / card).mkdir(parents=True)
        (tmp_path / "seeds" / card / "seed.toml").write_text(f'slug = "{card}"')
    return tmp_path


@pytest.fixture
def searched(monkeypatch, good, session_replay):
    """The calls of a search that always succeeds, unless its slot is in `broken`."""
    calls, broken = [], {}
    measured = certify(good, session_replay)

    def search(card, index, backend, first):
        calls.append((card.slug, index) if first == 0 else (card.slug, index, first))
        if (card.slug, index) in broken:
            raise broken[card.slug, index]
        brief = measured.brief.model_copy(update={"card": card.slug, "index": index})
        return SearchResult(replace(measured, brief=brief), (AttemptReport(first, (), 1.0),))

    monkeypatch.setattr(freezing, "search", search)
    monkeypatch.setattr(freezing, "load_card", lambda path: Card(path.parent.name))
    monkeypatch.setattr(freezing, "derive", lambda *recipe: recipe)
    monkeypatch.setattr(freezing, "draw", lambda recipe: good)
    monkeypatch.setattr(freezing, "too_near", lambda entries, statements: set())
    return calls, broken


def test_a_freeze_fills_every_slot_in_order(envs, searched, replay):
    lock = freeze(envs, replay)
    assert list(lock.tasks) == [f"task-{number:03d}" for number in range(5)]
    assert [(e.card, e.index) for e in lock.tasks.values()] == [
        ("oak", 0),
        ("elm", 0),
        ("oak", 1),
        ("elm", 1),
        ("oak", 2),
    ]
    assert lock.version == "3"
    assert lock.yields["oak"].certified == 3
    assert Lock.load(envs / "suite.lock.json") == lock
    assert sorted(path.name for path in envs.iterdir()) == [
        "seeds",
        "suite.lock.json",
        "suite.toml",
    ]


def test_the_lock_does_not_depend_on_who_finished_first(envs, searched, replay):
    freeze(envs, replay, workers=1)
    first = (envs / "suite.lock.json").read_bytes()
    freeze(envs, replay, workers=4)
    assert (envs / "suite.lock.json").read_bytes() == first


def test_a_killed_freeze_goes_on_where_it_stopped(envs, searched, replay):
    calls, broken = searched
    broken["oak", 2] = SandboxError("power cut")
    with pytest.raises(SandboxError):
        freeze(envs, replay, workers=1)
    assert not (envs / "suite.lock.json").exists()
    assert len(calls) == 5
    broken.clear()
    calls.clear()
    seen = []
    lock = freeze(envs, replay, workers=1, progress=lambda now: seen.append((now.done, now.name)))
    assert calls == [("oak", 2)]
    assert seen == [(4, ""), (5, "task-004"), (5, "comparing the tasks")]
    assert len(lock.tasks) == 5


def test_a_journal_line_cut_short_is_done_again(envs, searched, replay):
    calls, broken = searched
    broken["oak", 2] = SandboxError("power cut")
    with pytest.raises(SandboxError):
        freeze(envs, replay, workers=1)
    journal = envs / "suite.lock.journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    broken.clear()
    calls.clear()
    assert len(freeze(envs, replay, workers=1).tasks) == 5
    assert calls == [("elm", 1), ("oak", 2)]


@pytest.mark.parametrize(("change", "redone"), [("card", 3), ("version", 5)])
def test_a_journal_of_another_recipe_is_not_believed(
    envs, searched, replay, monkeypatch, change, redone
):
    calls, broken = searched
    broken["oak", 2] = SandboxError("power cut")
    with pytest.raises(SandboxError):
        freeze(envs, replay, workers=1)
    if change == "card":
        (envs / "seeds" / "elm" / "seed.toml").write_text('slug = "elm"\nnoise = 0.2')
    else:
        monkeypatch.setattr(recipe, "library_versions", lambda: {"numpy": "0"})
    broken.clear()
    calls.clear()
    freeze(envs, replay, workers=1)
    assert len(calls) == redone


def test_a_plan_that_grew_keeps_its_journal(envs, searched, replay):
    calls, broken = searched
    broken["oak", 2] = SandboxError("power cut")
    with pytest.raises(SandboxError):
        freeze(envs, replay, workers=1)
    (envs / "suite.toml").write_text(PLAN.format(frozen=6))
    broken.clear()
    calls.clear()
    assert len(freeze(envs, replay, workers=1).tasks) == 6
    assert calls == [("oak", 2), ("elm", 2)]


def test_an_id_without_certified_draw_is_named_after_all_others_are_done(envs, searched, replay):
    calls, broken = searched
    broken["elm", 0] = CertificationError("elm index 0: 0 of 8 draws certified")
    with pytest.raises(CertificationError, match="task-001: elm index 0"):
        freeze(envs, replay)
    assert len(calls) == 5
    assert len((envs / "suite.lock.journal").read_text().splitlines()) == 4


def test_a_draw_too_near_to_an_earlier_one_makes_room_for_the_next(
    envs, searched, replay, monkeypatch
):
    calls, _ = searched

    def too_near(entries, statements):
        assert len(statements) == len(entries) == 5
        return {2} if entries[2]["attempt"] < 2 else set()

    monkeypatch.setattr(freezing, "too_near", too_near)
    lock = freeze(envs, replay)
    assert sorted(calls) == [
        *[("elm", 0), ("elm", 1), ("oak", 0), ("oak", 1)],
        *[("oak", 1, 1), ("oak", 1, 2), ("oak", 2)],
    ]
    assert [entry.attempt for entry in lock.tasks.values()] == [0, 0, 2, 0, 0]
    assert (lock.yields["oak"].attempts, lock.yields["oak"].certified) == (5, 3)
    assert lock.yields["oak"].failures == {freezing.NOVELTY: 2}


def test_a_killed_freeze_remembers_what_it_drew_again(envs, searched, replay, monkeypatch):
    calls, _ = searched

    def too_near(entries, statements):
        return {place for place in (1, 2) if entries[place]["attempt"] == 0}

    monkeypatch.setattr(freezing, "too_near", too_near)
    with monkeypatch.context() as cut:
        cut.setattr(Lock, "save", lambda self, path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            freeze(envs, replay)
    assert len(calls) == 7
    assert [entry.attempt for entry in freeze(envs, replay).tasks.values()] == [0, 1, 1, 0, 0]
    assert len(calls) == 7


def test_a_card_serves_only_the_split_it_was_written_for(envs, searched, replay, monkeypatch):
    monkeypatch.setattr(freezing, "load_card", lambda path: Card(path.parent.name, Split.TEST))
    with pytest.raises(UserError, match="is for test, not for train"):
        freeze(envs, replay, workers=1)


def test_two_freezes_of_one_folder_do_not_mix(envs, searched, replay):
    with (envs / "suite.lock.journal").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another freeze"):
            freeze(envs, replay)


def test_an_old_lock_stays_whole_until_the_new_one_is(envs, searched, replay, monkeypatch):
    freeze(envs, replay)
    before = (envs / "suite.lock.json").read_bytes()

    def torn(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", torn)
    with pytest.raises(OSError, match="disk full"):
        freeze(envs, replay)
    assert (envs / "suite.lock.json").read_bytes() == before
    assert not [path for path in envs.iterdir() if path.name.startswith(".")]
