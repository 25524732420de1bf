"""Commands in one container queue; what needs no Docker of it is in `sandbox/test_turns.py`."""

from collections.abc import Iterator

import pytest
from sandbox import crowds

from sandmle_gym.sandbox.base import Probe
from sandmle_gym.sandbox.docker import Container, DockerBackend


@pytest.fixture
def backend(engine: Probe) -> Iterator[DockerBackend]:
    with DockerBackend(preload=()) as backend:
        yield backend


class TestTurns(crowds.LawsOfTurns):
    """Of the backend above."""


def test_a_container_with_fewer_processors_runs_fewer_commands_at_once(engine: Probe) -> None:
    limits = Container(cpus=0.5)
    with DockerBackend(preload=(), container=limits) as backend:
        crowds.a_kill_reaches_whoever_waits_for_a_turn(
            backend, 1, lambda: len(backend._turns._queue.waiting)
        )
        assert backend._turns._queue.cores == 1
