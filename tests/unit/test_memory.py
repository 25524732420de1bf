"""Opened tasks stay in memory up to a number of bytes, and lie on the disk once, without being believed."""

import json
from types import SimpleNamespace

import pytest

from sandmle_gym import catalogue, storage
from sandmle_gym.catalogue import card, open_task, suite_lock
from sandmle_gym.families import derive, draw


@pytest.fixture
def shelf(monkeypatch):
    fresh = storage.Shelf()
    monkeypatch.setattr(catalogue, "_shelf", fresh)
    return fresh


def test_a_task_opened_again_is_the_same_object_until_others_need_the_memory(shelf, monkeypatch):
    first = open_task("task-000")
    assert open_task("task-000") is first
    monkeypatch.setattr(storage, "MEMORY_BYTES", 1)
    open_task("task-001")
    assert shelf.get("task-000") is None
    assert shelf.get("task-001") is not None


def test_the_files_of_a_task_lie_on_the_disk_once(shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDMLE_CACHE", str(tmp_path))
    task = open_task("task-000")
    kept = tmp_path / "tasks" / task.bundle.digest / "public" / "train.csv"
    assert (task.public_folder / "train.csv").samefile(kept)


@pytest.mark.parametrize("file", ["milestones", "leaderboard", "certificate"])
def test_what_the_disk_has_of_a_task_counts_only_as_the_lock_has_it(
    shelf, monkeypatch, tmp_path, file
):
    """Measurements are not part of the digest: those of an earlier freeze may lie there."""
    monkeypatch.setenv("SANDMLE_CACHE", str(tmp_path))
    task = open_task("task-000")
    kept = tmp_path / "tasks" / task.bundle.digest / "private" / f"{file}.json"
    earlier = json.loads(kept.read_bytes())
    if file == "certificate":
        earlier["rungs"].pop()
    else:
        earlier["competent" if file == "leaderboard" else "median"] = 0.0123
    kept.write_text(json.dumps(earlier))
    monkeypatch.setattr(catalogue, "_shelf", storage.Shelf())
    again, frozen = open_task("task-000").bundle, suite_lock()["tasks"]["task-000"]
    assert again.milestones == task.bundle.milestones
    assert again.private.leaderboard == frozen["leaderboard"]
    assert again.private.certificate == task.bundle.private.certificate


def test_a_draw_of_a_stream_that_is_damaged_on_the_disk_is_made_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("SANDMLE_CACHE", str(tmp_path))
    slug = suite_lock()["tasks"]["task-000"]["card"]
    bundle = draw(derive(card(slug), 0, 0))
    found = SimpleNamespace(bundle=bundle)
    monkeypatch.setattr("sandmle_gym.certify.search", lambda *_: found, raising=False)
    kept = tmp_path / "streams" / slug / "0"
    kept.mkdir(parents=True)
    (kept / "task.json").write_text("{")
    assert open_task(f"{slug}#0").bundle is bundle
    assert open_task(f"{slug}#0").bundle.digest == bundle.digest
