"""`get_backend`: one backend per process and root. What a backend of ours may be asked, and what not."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandmle_gym.errors import (
    IsolationUnavailableError,
    SandboxError,
    UnknownNameError,
    UserError,
)
from sandmle_gym.sandbox import get_backend
from sandmle_gym.sandbox.warm import WarmBackend, advice


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[WarmBackend]:
    """A backend of the test's own, without imports."""
    try:
        backend = WarmBackend(tmp_path / "public", preload=())
    except IsolationUnavailableError as error:
        pytest.skip(str(error))
    with backend:
        yield backend


def test_a_process_shares_one_backend_per_root(tmp_path: Path) -> None:
    assert get_backend("local", public_root=tmp_path) is get_backend("local", public_root=tmp_path)
    assert get_backend("local", public_root=tmp_path) is not get_backend("local")


def test_an_unknown_name_is_the_callers_error() -> None:
    with pytest.raises(UnknownNameError, match="warm"):
        get_backend("wram")


def test_auto_never_falls_back_to_no_isolation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise IsolationUnavailableError("no walls here")

    monkeypatch.setattr(WarmBackend, "__init__", refuse)
    with pytest.raises(IsolationUnavailableError, match=r"no walls here.*doctor"):
        get_backend("auto", public_root=tmp_path / "nowhere")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_episodes_alone(bare: WarmBackend) -> None:
    sandbox, unopened = bare.open(), bare.open()
    assert sandbox.run("bash", "true", seconds=10).ok
    child = os.fork()
    if child == 0:
        try:
            with pytest.raises(SandboxError):
                sandbox.run("bash", "true", seconds=10)
            sandbox.close()
            for own in (unopened, bare.open()):
                assert own.run("bash", "echo child", seconds=10).head == b"child\n"
                own.close()
            bare.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    for own in (sandbox, unopened):
        assert own.run("bash", "echo parent", seconds=10).head == b"parent\n"
        own.close()


def test_public_files_must_lie_below_the_root_and_be_readable(
    bare: WarmBackend, tmp_path: Path
) -> None:
    for outside in (tmp_path, Path("/etc"), tmp_path / "public" / ".." / "other"):
        with pytest.raises(UserError, match="not a directory below"):
            bare.open(outside)
    closed = tmp_path / "public" / "closed"
    closed.mkdir(mode=0o700)
    if os.geteuid() == 0:
        with pytest.raises(UserError, match="not readable"):
            bare.open(closed)


def test_directories_made_later_can_be_shown(bare: WarmBackend, tmp_path: Path) -> None:
    later = tmp_path / "public" / "a" / "b"
    later.mkdir(parents=True)
    (later / "x").write_text("late")
    with bare.open(later) as sandbox:
        assert sandbox.run("bash", "cat x; ls /public", seconds=10).head == b"late"


def test_a_public_root_that_was_replaced_needs_a_new_backend(
    bare: WarmBackend, tmp_path: Path
) -> None:
    (tmp_path / "public").rename(tmp_path / "moved")
    assert not bare.alive
    (tmp_path / "public").mkdir()
    assert not bare.alive


def test_an_interrupted_call_gives_up_its_episode_alone(
    bare: WarmBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox, other = bare.open(), bare.open()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_collect", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sandbox.run("bash", "sleep 60", seconds=60)
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run("bash", "true", seconds=10)
    assert other.run("bash", "true", seconds=10).ok
    other.close()


def test_a_flood_that_ended_the_session_is_told_by_the_next_cell(bare: WarmBackend) -> None:
    with bare.open() as sandbox:
        assert sandbox.run("cell", "x = 1", seconds=10).ok
        flood = sandbox.run("cell", "while True: print('x' * 10000)", seconds=30)
        assert flood.status == "output_limit"
        assert b"session has ended" in sandbox.run("cell", "print(2)", seconds=10).head


def test_a_module_that_cannot_be_imported_is_not_blamed_on_the_machine() -> None:
    with pytest.raises(SandboxError, match="No module named 'nonsense_module'") as caught:
        WarmBackend(preload=("nonsense_module",))
    assert not isinstance(caught.value, IsolationUnavailableError)


def test_many_episodes_open_and_close_at_once(bare: WarmBackend) -> None:
    outputs: list[bytes] = []

    def play() -> None:
        for _ in range(3):
            with bare.open() as sandbox:
                outputs.append(sandbox.run("python", "print(1)", seconds=60).head)

    threads = [threading.Thread(target=play) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == [b"1\n"] * 48


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "AppArmor"),
        ({"/proc/sys/kernel/unprivileged_userns_clone": "0"}, "unprivileged_userns_clone=1"),
        ({"/proc/sys/user/max_user_namespaces": "0"}, "max_user_namespaces=15000"),
    ],
)
def test_a_refusal_says_what_to_do(
    files: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "_read", lambda path: files.get(path, ""))
    report = {"failed": "namespaces", "errno": 1, "message": "unshare: not permitted"}
    assert expected in advice.advice(report)


def test_other_systems_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice.platform, "machine", lambda: "riscv64")
    with pytest.raises(IsolationUnavailableError, match="riscv64"):
        advice.choose_root()
    monkeypatch.setattr(advice.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(advice.platform, "release", lambda: "5.4.0-generic")
    with pytest.raises(IsolationUnavailableError, match=r"5\.14"):
        advice.choose_root()


def test_an_unknown_option_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"option of the sandbox warm 'prelod'.*preload"):
        get_backend("warm", prelod=())
    with pytest.raises(UnknownNameError, match="none is known"):
        get_backend("local", preload=())
    with pytest.raises(UserError, match="cannot be a dict"):
        get_backend("warm", preload={})


def test_equal_options_share_a_backend_and_others_do_not() -> None:
    one = get_backend("warm", preload=["bisect"])
    assert get_backend("warm", preload=("bisect",)) is one
    other = get_backend("warm", preload=())
    assert other is not one
    one.close()
    other.close()
