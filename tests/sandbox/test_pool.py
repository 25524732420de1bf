"""One pool for all processes of a user: shared, healed, and gone with its last client."""

import os
import stat
import threading
from pathlib import Path

import pytest
from sandbox.pools import children, clients, gone, kill, only_pool, wait_for

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.sandbox.warm import WarmBackend
from sandmle_gym.sandbox.warm.survey import pools, stop_pools

pytestmark = pytest.mark.usefixtures("runtime")


def test_processes_that_start_at_once_share_one_zygote() -> None:
    with clients(8) as started:
        pool = only_pool()
        assert len(pool["zygotes"]) == 1
        assert set(pool["clients"]) >= {client.process.pid for client in started}
        for client in started:
            assert client.ask("open")
            assert client.ask("echo $PPID")[:2] == ["exited", "1\n"]
        assert only_pool()["zygotes"][0]["episodes"] == 8


def test_another_configuration_is_another_pool(backend: WarmBackend, tmp_path: Path) -> None:
    with WarmBackend(tmp_path / "one", preload=()), WarmBackend(tmp_path / "two", preload=()):
        assert len({pool["pid"] for pool in pools()}) == 3


def test_the_death_of_a_client_ends_its_episodes_alone(backend: WarmBackend) -> None:
    with backend.open() as sandbox, clients(1) as (client,):
        assert sandbox.run("bash", "echo mine > file", seconds=30).ok
        assert client.ask("open")
        client.send("sleep 600")
        wait_for(lambda: only_pool()["running"] == 1)
        kill(client.process.pid)
        wait_for(lambda: only_pool()["zygotes"][0]["episodes"] == 1)
        assert only_pool()["running"] == 0
        assert sandbox.run("bash", "cat file", seconds=30).head == b"mine\n"


def test_the_death_of_the_zygote_voids_its_episodes_and_the_next_one_finds_another(
    backend: WarmBackend,
) -> None:
    idle, busy = backend.open(), backend.open()
    assert idle.run("bash", "true", seconds=30).ok
    assert busy.put({"file": b""}) == ()
    before = only_pool()
    (parent,) = [zygote["pid"] for zygote in before["zygotes"]]
    (zygote,) = children(parent)
    killer = threading.Timer(0.5, lambda: kill(zygote))
    killer.start()
    with pytest.raises(SandboxError, match=f"zygote {parent} of pool {before['pid']} died"):
        busy.run("bash", "sleep 60", seconds=60)
    killer.join()
    with pytest.raises(SandboxError, match="zygote"):
        idle.run("bash", "true", seconds=30)
    with backend.open() as healed:
        assert healed.run("bash", "true", seconds=30).ok
    assert only_pool()["pid"] == before["pid"]


def test_the_death_of_the_broker_voids_its_episodes_and_the_next_one_finds_another(
    backend: WarmBackend,
) -> None:
    idle, busy = backend.open(), backend.open()
    assert idle.run("bash", "true", seconds=30).ok
    assert busy.put({"file": b""}) == ()
    before = only_pool()
    killer = threading.Timer(0.5, lambda: kill(before["pid"]))
    killer.start()
    with pytest.raises(SandboxError, match="broker died"):
        busy.run("bash", "sleep 60", seconds=60)
    killer.join()
    wait_for(lambda: gone(before["zygotes"][0]["pid"]))
    with pytest.raises(SandboxError, match="broker died"):
        idle.run("bash", "true", seconds=30)
    with backend.open() as healed:
        assert healed.run("bash", "true", seconds=30).ok
    assert only_pool()["pid"] != before["pid"]


def test_nothing_is_left_behind(runtime: Path) -> None:
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
        pool = only_pool()
        (parent,) = [zygote["pid"] for zygote in pool["zygotes"]]
        pids = [pool["pid"], parent, *children(parent)]
        place = runtime / "sandmle"
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    wait_for(lambda: all(map(gone, pids)))
    assert not place.exists()


def test_a_stopped_pool_is_gone_at_once_and_starts_anew(backend: WarmBackend) -> None:
    pool = only_pool()
    assert stop_pools() == 1
    assert pools() == []
    assert gone(pool["zygotes"][0]["pid"])
    with backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok


def test_a_dead_brokers_socket_is_removed(
    backend: WarmBackend, runtime: Path, tmp_path: Path
) -> None:
    kill(only_pool()["pid"])
    (stale,) = (runtime / "sandmle").iterdir()
    with WarmBackend(tmp_path / "public", preload=()):
        assert not stale.exists()


def test_a_deep_directory_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("long" * 30) / ("long" * 30)
    monkeypatch.setenv("SANDMLE_RUNTIME", str(deep))
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
    wait_for(lambda: not list(deep.iterdir()))


def test_a_directory_that_others_may_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDMLE_RUNTIME", str(tmp_path / "loose"))
    (tmp_path / "loose" / "sandmle").mkdir(parents=True)
    (tmp_path / "loose" / "sandmle").chmod(0o755)
    with pytest.raises(UserError, match="not ours alone"):
        WarmBackend(preload=())


def test_a_directory_that_agents_could_see_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDMLE_RUNTIME", str(tmp_path / "public" / "deeper"))
    with pytest.raises(UserError, match="agents can see"):
        WarmBackend(tmp_path / "public", preload=())


def test_a_directory_that_cannot_be_made_is_the_callers_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SANDMLE_RUNTIME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="SANDMLE_RUNTIME"):
        WarmBackend(preload=())


def test_no_two_live_episodes_share_a_user(backend: WarmBackend, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("episodes of an ordinary user run as that user")
    with WarmBackend(tmp_path / "public", preload=()) as other:
        sandboxes = [kind.open() for kind in (backend, other) for _ in range(8)]
        for sandbox in sandboxes:
            sandbox.put({})
        users = [_user(sandbox._channel._handle) for sandbox in sandboxes]
        assert len(set(users)) == 16
        assert min(users) >= 1 << 30
        sandboxes[0].close()
        with backend.open() as late:
            late.put({})
            assert _user(late._channel._handle) not in users
        for sandbox in sandboxes:
            sandbox.close()


def _user(handle: int) -> int:
    """The real user of the process behind a pidfd."""
    info = Path(f"/proc/self/fdinfo/{handle}").read_text()
    (pid,) = [line.split()[1] for line in info.splitlines() if line.startswith("Pid:")]
    return Path(f"/proc/{pid}").stat().st_uid
