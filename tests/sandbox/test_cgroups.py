"""The groups around a zygote: in force where they can be made, and gone when it is, however it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.pools import only_pool, wait_for

from sandmle_gym.sandbox import Resources
from sandmle_gym.sandbox.warm import WarmBackend, plan

MEMORY = Path("/sys/fs/cgroup/memory")
PIDS = Path("/sys/fs/cgroup/pids")
CAPS = {"memory": 300 << 20, "pids": 150}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Groups of the test's own, with tight caps, so that no other zygote's are touched (version 1)."""
    name = f"/sandmle-test-{os.getpid()}"
    try:
        for hierarchy in (MEMORY, PIDS):
            (hierarchy / name[1:]).mkdir()
    except OSError as error:
        pytest.skip(f"no groups of version 1 to make here: {error}")
    monkeypatch.setattr(plan, "cage", lambda: {**CAPS, "below": name})
    yield name
    for hierarchy in (MEMORY, PIDS):
        wait_for(lambda at=hierarchy: not list((at / name[1:]).glob("sandmle-*")))
        (hierarchy / name[1:]).rmdir()


def members(hierarchy: Path, home: str) -> list[str]:
    return [
        line
        for file in (hierarchy / home[1:]).glob("sandmle-*/*/cgroup.procs")
        for line in file.read_text().split()
    ]


def test_every_process_of_every_episode_is_inside_and_nothing_stays(
    home: str, runtime: Path
) -> None:
    assert runtime
    with WarmBackend(preload=()) as backend, backend.open() as one, backend.open() as other:
        for sandbox in (one, other):
            assert sandbox.run("cell", "x = 1", seconds=30).ok
            assert sandbox.run("bash", "true", seconds=30).ok
        for hierarchy in (MEMORY, PIDS):
            assert (
                len(members(hierarchy, home)) >= 6
            )  # gate, zygote, two first processes, two sessions
        assert b"/\n" in one.run("bash", "grep memory: /proc/self/cgroup", seconds=30).head


def test_memory_that_no_process_shows_is_capped_for_all_together(home: str, runtime: Path) -> None:
    """Buffers of sockets are the kernel's memory: looks at processes do not see them, the group does."""
    assert runtime
    hoard = (
        "import os, socket, sys, time\npairs = []\n"
        "while True:\n"
        "    try: pairs.append(socket.socketpair())\n"
        "    except OSError:\n"
        "        if os.fork(): time.sleep(60); os._exit(0)\n"
        "        pairs = []; print('more', flush=True); continue\n"
        "    for end in pairs[-1]:\n"
        "        end.setblocking(False)\n"
        "        try:\n"
        "            while True: end.send(b'x' * 4096)\n"
        "        except OSError: pass\n"
    )
    limits = Resources(memory_mb=2048, processes=24)
    with WarmBackend(preload=()) as backend, backend.open(resources=limits) as sandbox:
        result = sandbox.run("python", hoard, seconds=20)
        peak = max(
            int(file.read_text())
            for file in (MEMORY / home[1:]).glob("sandmle-*/memory.max_usage_in_bytes")
        )
        assert peak <= CAPS["memory"]
        assert result.status in ("exited", "timeout", "dead"), result


def test_a_zygote_that_was_killed_leaves_groups_that_the_next_one_sweeps(
    home: str, runtime: Path
) -> None:
    assert runtime
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
        (left,) = (MEMORY / home[1:]).glob("sandmle-*/*-*")
        parent = only_pool()["zygotes"][0]["pid"]
        handle = os.pidfd_open(parent)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
        wait_for(lambda: not members(MEMORY, home))
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
        wait_for(lambda: not left.exists())
