"""A private suite can be drawn by nobody without its key, and the key is nowhere in what is written."""

from dataclasses import replace

import pytest

from sandmle_gym import families, seeding
from sandmle_gym.catalogue import card
from sandmle_gym.certify import AttemptReport, SearchResult, certify, freeze, freezing, restore
from sandmle_gym.certify.secret import KEY, KEY_FILE, key_check, key_for, read_key
from sandmle_gym.errors import LockMismatchError, UserError

SECRET = b"correct horse battery staple"
PLAN = (
    'version = "1"\n[splits.train]\nfirst = 0\ncount = 9\nfrozen = 2\ncards = ["pump-failures"]\n'
)


@pytest.fixture
def private(tmp_path, monkeypatch, good, session_replay):
    """A private suite of two real draws, its measurements made up."""
    marks = certify(good, session_replay).private
    (tmp_path / "suite.toml").write_text(PLAN)
    (tmp_path / "seeds" / "pump-failures").mkdir(parents=True)
    (tmp_path / "seeds" / "pump-failures" / "seed.toml").write_text('family = "tabular_binary"')

    def search(seed_card, index, backend, first):
        drawn = families.draw(families.derive(seed_card, index, first))
        kept = replace(drawn.private, milestones=marks.milestones, certificate=marks.certificate)
        return SearchResult(replace(drawn, private=kept), (AttemptReport(first, (), 1.0),))

    monkeypatch.setattr(freezing, "search", search)
    monkeypatch.setattr(freezing, "load_card", lambda path: card(path.parent.name))
    return tmp_path, freeze(tmp_path, session_replay, key=SECRET)


def test_a_key_changes_every_stream_and_only_within(monkeypatch):
    plain = seeding.integer("a", 1)
    with seeding.keyed(SECRET):
        assert seeding.integer("a", 1) != plain
        with seeding.keyed(b"another secret of enough length"):
            other = seeding.integer("a", 1)
        assert seeding.integer("a", 1) != other
    assert seeding.integer("a", 1) == plain


def test_only_its_key_opens_a_private_suite(private):
    _, lock = private
    entry = lock.tasks["task-000"]
    seed_card = card("pump-failures")
    assert restore(entry, seed_card, key=SECRET).digest == entry.digest
    for wrong in (b"", b"another secret of enough length"):
        with pytest.raises(LockMismatchError):
            restore(entry, seed_card, key=wrong)


def test_the_key_is_in_no_file(private):
    folder, lock = private
    assert lock.key_check == key_check(SECRET) != ""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert SECRET not in data
            assert SECRET.hex().encode() not in data


def test_a_key_comes_from_a_file_or_the_environment_and_is_checked(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.delenv(KEY_FILE, raising=False)
    assert key_for("") == b""
    with pytest.raises(UserError, match="at least 16 bytes"):
        key_for(key_check(SECRET))
    monkeypatch.setenv(KEY, SECRET.decode())
    assert read_key() == SECRET
    (tmp_path / "key").write_bytes(b"another secret of enough length\n")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    with pytest.raises(UserError, match="not the key"):
        key_for(key_check(SECRET))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="cannot be read"):
        read_key()
