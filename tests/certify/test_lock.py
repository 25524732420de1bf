"""A lock restores exactly what was frozen, or says what differs."""

import json
from dataclasses import replace

import pytest

from sandmle_gym.certify import Entry, Lock, certify, freeze_entry, lock, restore
from sandmle_gym.certify.lock import YieldEntry, attach_entry
from sandmle_gym.errors import LockMismatchError, UserError


@pytest.fixture(scope="session")
def measured(good, session_replay):
    return certify(good, session_replay)


@pytest.fixture
def entry(measured):
    return freeze_entry(measured, attempt=2)


def test_an_entry_survives_its_json(entry):
    assert Entry.model_validate_json(entry.model_dump_json()) == entry


def test_a_restored_task_has_the_frozen_measurements(monkeypatch, good, measured, entry):
    monkeypatch.setattr(lock, "derive", lambda card, index, attempt: (card, index, attempt))
    monkeypatch.setattr(lock, "draw", lambda spec: good if spec == ("card", 0, 2) else None)
    restored = restore(entry, "card")
    assert restored.milestones == measured.milestones
    assert restored.digest == measured.digest
    certificate = restored.private.certificate
    assert certificate.certified
    assert [rung.tier for rung in certificate.rungs][-1] == "oracle"
    assert certificate.versions == measured.private.certificate.versions


def test_a_mismatch_names_the_id_the_digests_and_the_part(good, entry):
    changed = replace(good, public={**good.public, "test.csv": b"id\n"})
    with pytest.raises(LockMismatchError) as failure:
        attach_entry(changed, entry, name="task-042")
    text = str(failure.value)
    assert text.startswith("task-042")
    assert entry.digest[:12] in text
    assert changed.digest[:12] in text
    assert "different: test.csv;" in text
    assert "none, so the card or the code did" in text


def test_a_mismatch_names_libraries_that_changed(good, entry):
    versions = {**entry.certificate.versions, "numpy": "1.0"}
    old = entry.model_copy(
        update={
            "digest": "0" * 64,
            "certificate": entry.certificate.model_copy(update={"versions": versions}),
        }
    )
    with pytest.raises(LockMismatchError, match=r"numpy 1\.0 -> \d"):
        attach_entry(good, old)


def test_a_lock_has_one_line_a_task_and_reads_back(entry, tmp_path):
    yields = {"a-toy": YieldEntry(attempts=3, certified=2, failures={"gaps_matter": 1})}
    written = Lock(version="1", tasks={"task-000": entry, "task-001": entry}, yields=yields)
    written.save(tmp_path / "suite.lock.json")
    text = (tmp_path / "suite.lock.json").read_text()
    assert Lock.load(tmp_path / "suite.lock.json") == written
    assert json.loads(text)["tasks"]["task-001"]["attempt"] == 2
    assert len([line for line in text.splitlines() if line.startswith('"task-')]) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "suite.lock.json"]


def test_an_empty_lock_reads_back():
    empty = Lock(version="1", tasks={})
    assert Lock.model_validate_json(empty.dumps()) == empty


@pytest.mark.parametrize(
    "content", [None, "", "{", '{"version": "1"}', '{"version": 1, "tasks": {}, "x": 0}']
)
def test_an_unreadable_lock_is_a_user_error(tmp_path, content):
    path = tmp_path / "suite.lock.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"suite\.lock\.json"):
        Lock.load(path)


def test_an_unmeasured_task_cannot_be_frozen(good):
    with pytest.raises(UserError, match="certify it first"):
        freeze_entry(good)
