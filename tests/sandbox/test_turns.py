"""The run queue of a process that holds its zygote itself, as the docker backend does; without Docker."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox import crowds
from sandbox.pools import wait_for

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.docker import DockerBackend
from sandmle_gym.sandbox.docker.turns import QueuedChannel, Turns
from sandmle_gym.sandbox.warm import plan
from sandmle_gym.sandbox.warm.advice import choose_root
from sandmle_gym.sandbox.warm.broker import cores
from sandmle_gym.sandbox.warm.broker.users import Users
from sandmle_gym.sandbox.warm.zygote import Zygote


class BareZygote(Zygote):
    """A zygote without a container around it: a child of this process."""

    def __init__(self, public_root: Path | None, equipment: plan.Equipment) -> None:
        self.foreign = choose_root()
        self._users = Users() if self.foreign else None
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does
        with theirs:
            root = str(plan.JAIL / "root.py")
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-S", root, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[theirs.fileno()],
            )
        jail = plan.configuration(
            as_root=self.foreign, public_root=public_root, equipment=equipment
        )
        self._control.send(json.dumps(jail).encode())
        try:
            self._welcome()
        except BaseException:
            self.close()
            raise

    def open(self, request: dict[str, Any]) -> tuple[socket.socket, int]:
        return super().open(request | {"user": self._users.take() if self._users else 0})

    def abandon(self) -> None:
        self._lock = threading.Lock()
        self._control.close()

    def close(self) -> None:
        self._control.close()
        self._process.wait(30)
        self._errors.close()
        if self._users is not None:
            self._users.claim.close()


class BareBackend(DockerBackend):
    """The docker backend without Docker: its queue, its episodes, no container."""

    def _attach(self) -> None:
        self._zygote = BareZygote(self.public_root, self._equipment)
        self._foreign = self._zygote.foreign


@pytest.fixture
def backend() -> Iterator[BareBackend]:
    try:
        backend = BareBackend(preload=())
    except IsolationUnavailableError as error:
        pytest.skip(str(error))
    with backend:
        yield backend


class TestTurns(crowds.LawsOfTurns):
    """Of the backend above."""


def test_a_forked_child_that_uses_it_waits_for_none_of_its_parents_threads(
    backend: BareBackend,
) -> None:
    """It cannot open an episode of its own, and hears so at once."""
    promised = backend.open()
    with crowds.hogs(backend, cores.count() + 1):
        wait_for(lambda: backend._turns._queue.waiting)
        with backend._turns._lock:  # as if another thread just looked at the queue
            child = os.fork()
            if child == 0:
                code = 1
                signal.alarm(20)
                try:
                    promised.run("bash", "true", seconds=5)
                except SandboxError:
                    code = 0
                finally:
                    os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Episode(QueuedChannel):
    """One that runs nothing, in a thread that does as it is told."""

    sleeps = False

    def __init__(self, turns: Turns) -> None:
        super().__init__(NO_ZYGOTE, turns)
        self.turn = threading.Event()
        self.thread = threading.Thread(target=self._wait)

    def _wait(self) -> None:
        self.begin()
        self.turn.set()

    def asleep(self) -> bool:
        return self.sleeps


NO_ZYGOTE: Any = None


def queue_up(turns: Turns, count: int) -> list[Episode]:
    """Start threads that wait for turns, in this order."""
    episodes, queue = [], turns._queue
    for _ in range(count):
        episodes.append(episode := Episode(turns))
        episode.thread.start()
        wait_for(lambda e=episode: e in queue.running or e in queue.waiting)
    return episodes


def dismiss(episodes: list[Episode]) -> None:
    for episode in episodes:
        episode.end()
        episode.thread.join()


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 3),
    leaving=st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=10),
)
def test_as_many_threads_as_cores_have_a_turn_in_the_order_they_came(
    count: int, leaving: list[tuple[int, bool]]
) -> None:
    turns = Turns(count)
    left = queue_up(turns, 8)
    everybody = list(left)
    for number, violently in leaving:
        if number < len(left):
            episode = left.pop(number)
            (episode.kill if violently else episode.end)()
            episode.thread.join(30)
            assert not episode.thread.is_alive()
        for episode in left[:count]:
            assert episode.turn.wait(30)
        assert not any(episode.turn.is_set() for episode in left[count:])
    dismiss(everybody)


def test_those_who_wait_look_after_the_sleepers_also_when_the_first_of_them_has_gone() -> None:
    turns = Turns(1)
    runs, first, second, third = queue_up(turns, 4)
    first.kill()
    runs.sleeps = True
    assert second.turn.wait(30)
    second.sleeps = True
    assert third.turn.wait(30)
    dismiss([runs, first, second, third])


def test_whoever_was_killed_before_waits_for_no_turn() -> None:
    turns = Turns(1)
    (runs,) = queue_up(turns, 1)
    late = Episode(turns)
    late.kill()
    late.begin()
    assert list(turns._queue.waiting) == []
    dismiss([runs])
