"""Opened tasks stay in memory up to a number of bytes, and lie on the disk once."""

import pytest

from sandmle_gym import catalogue, storage
from sandmle_gym.catalogue import open_task


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
