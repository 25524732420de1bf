"""Commands in one container queue; what needs no Docker of it is in `sandbox/test_turns.py`."""

from collections.abc import Iterator

import pytest
from sandbox import crowds

from sandmle_gym.sandbox.base import Probe
from sandmle_gym.sandbox.docker import Container, DockerBackend
from sandmle_gym.sandbox.warm.broker import cores


@pytest.fixture
def backend(engine: Probe) -> Iterator[DockerBackend]:
    with DockerBackend(preload=()) as backend:
        yield backend


def test_time_in_the_queue_is_not_time_of_the_command(backend: DockerBackend) -> None:
    crowds.time_in_the_queue_is_not_time_of_the_command(backend, cores.count())


def test_sleepers_hold_no_core(backend: DockerBackend) -> None:
    crowds.sleepers_hold_no_core(backend)


def test_a_kill_reaches_whoever_waits_for_a_turn(backend: DockerBackend) -> None:
    queue = backend._turns._queue
    crowds.a_kill_reaches_whoever_waits_for_a_turn(
        backend, cores.count(), lambda: len(queue.waiting)
    )
    assert not queue.running


def test_a_container_with_fewer_processors_runs_fewer_commands_at_once(engine: Probe) -> None:
    limits = Container(cpus=0.5)
    with DockerBackend(preload=(), container=limits) as backend:
        crowds.a_kill_reaches_whoever_waits_for_a_turn(
            backend, 1, lambda: len(backend._turns._queue.waiting)
        )
        assert backend._turns._queue.cores == 1
