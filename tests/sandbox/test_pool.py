"""One pool for all processes of a user: shared, healed, and gone with its last client."""

import os
import re
import shutil
import signal
import socket
import stat
import threading
from pathlib import Path

import pytest
from sandbox.pools import children, clients, gone, kill, only_pool, wait_for

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.sandbox.warm import WarmBackend, pool
from sandmle_gym.sandbox.warm.runtime import connect
from sandmle_gym.sandbox.warm.survey import pools, stop_pools

pytestmark = pytest.mark.usefixtures("runtime")


def test_processes_that_start_at_once_share_one_zygote() -> None:
    with clients(8) as started:
        status = only_pool()
        assert len(status["zygotes"]) == 1
        assert set(status["clients"]) >= {client.process.pid for client in started}
        for client in started:
            assert client.ask("open")
            assert client.ask("echo $PPID")[:2] == ["exited", "1\n"]
        assert only_pool()["zygotes"][0]["episodes"] == 8


def test_another_configuration_is_another_pool(backend: WarmBackend, tmp_path: Path) -> None:
    with WarmBackend(tmp_path / "one", preload=()), WarmBackend(tmp_path / "two", preload=()):
        assert len({status["pid"] for status in pools()}) == 3


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


def test_a_first_process_waits_for_its_episode_and_is_replaced_if_it_dies(
    backend: WarmBackend,
) -> None:
    with backend.open() as before, backend.open() as sandbox, backend.open() as after:
        before.put({})
        first = _waiting(before)
        sandbox.put({})
        assert _pid(sandbox._channel._handle) == first
        kill(_waiting(before, sandbox))
        assert after.run("bash", "echo $PPID", seconds=30).head == b"1\n"
        assert sandbox.run("bash", "true", seconds=30).ok


def _waiting(*opened) -> int:
    """The gate's child that is neither the zygote nor the first process of an open episode."""
    (gate,) = children(only_pool()["zygotes"][0]["pid"])
    known = {_pid(sandbox._channel._handle) for sandbox in opened}
    (pid,) = wait_for(lambda: set(children(gate)[1:]) - known)
    return pid


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


def test_an_episode_that_outlives_its_broker_for_a_moment_runs_nothing_more(
    backend: WarmBackend,
) -> None:
    sandbox = backend.open()
    assert sandbox.put({}) == ()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.close()
    with sandbox._channel._seat:
        sandbox._channel._seat = ours  # as if the broker were dead, and the episode not yet
        with pytest.raises(SandboxError, match="broker died"):
            sandbox.run("bash", "true", seconds=30)


def test_nothing_is_left_behind(runtime: Path) -> None:
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
        status = only_pool()
        (parent,) = [zygote["pid"] for zygote in status["zygotes"]]
        pids = [status["pid"], parent, *children(parent)]
        place = runtime / "sandmle"
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    wait_for(lambda: all(map(gone, pids)))
    assert not place.exists()


def test_a_stopped_pool_is_gone_at_once_and_starts_anew(backend: WarmBackend) -> None:
    status = only_pool()
    assert stop_pools() == 1
    assert pools() == []
    assert gone(status["zygotes"][0]["pid"])
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
    return Path(f"/proc/{_pid(handle)}").stat().st_uid


def _pid(handle: int) -> int:
    info = Path(f"/proc/self/fdinfo/{handle}").read_text()
    (pid,) = [line.split()[1] for line in info.splitlines() if line.startswith("Pid:")]
    return int(pid)


@pytest.mark.parametrize(
    "message", [b"nonsense", b"open", b"open {", b"open []", b"open {}", b"done", b"\xff" * 9]
)
def test_a_request_that_makes_no_sense_disturbs_nobody(
    backend: WarmBackend, runtime: Path, message: bytes
) -> None:
    with backend.open() as sandbox:
        assert sandbox.put({}) == ()
        (path,) = (runtime / "sandmle").iterdir()
        with connect(path) as connection, Path("/dev/null").open() as fd:
            socket.send_fds(connection, [message], [fd.fileno()])
        assert sandbox.run("bash", "true", seconds=30).ok


@pytest.fixture
def altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Have pools run a broker with another constant."""

    def alter(module: str, name: str, value: float) -> None:
        copy = tmp_path / "broker"
        shutil.copytree(pool.BROKER, copy)
        text, count = re.subn(
            rf"^{name} = .*$", f"{name} = {value}", (copy / module).read_text(), flags=re.MULTILINE
        )
        assert count == 1
        (copy / module).write_text(text)
        monkeypatch.setattr(pool, "BROKER", copy)

    return alter


def _parent(sandbox, pids: list[int]) -> int:
    """Which of the zygotes forked an episode."""
    return next(pid for pid in pids if _pid(sandbox._channel._handle) in children(children(pid)[0]))


def test_many_cores_get_more_zygotes_which_die_apart(altered) -> None:
    altered("zygotes.py", "_CORES_EACH", 1)
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor, one zygote")
    with WarmBackend(preload=()) as backend:
        sandboxes = [backend.open() for _ in range(2)]
        assert sandboxes[0].put({}) == ()
        wait_for(
            lambda: [zygote["state"] for zygote in only_pool()["zygotes"]] == ["ready", "ready"]
        )
        assert sandboxes[1].put({}) == ()
        pids = [zygote["pid"] for zygote in only_pool()["zygotes"]]
        assert [_parent(sandbox, pids) for sandbox in sandboxes] == pids
        kill(children(pids[0])[0])
        with pytest.raises(SandboxError, match=f"zygote {pids[0]} of pool"):
            sandboxes[0].run("bash", "true", seconds=30)
        assert sandboxes[1].run("bash", "true", seconds=30).ok


def test_a_zygote_that_does_not_answer_is_replaced(altered) -> None:
    altered("zygotes.py", "_STUCK", 3.0)
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        (parent,) = [zygote["pid"] for zygote in only_pool()["zygotes"]]
        (zygote,) = children(parent)
        handle = os.pidfd_open(zygote)
        signal.pidfd_send_signal(handle, signal.SIGSTOP)
        os.close(handle)
        assert sandbox.run("bash", "echo late", seconds=30).head == b"late\n"
        assert only_pool()["zygotes"][0]["pid"] != parent
