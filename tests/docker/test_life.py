"""A container lives exactly as long as its owner needs it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox import get_backend
from sandmle_gym.sandbox.base import Probe, Resources
from sandmle_gym.sandbox.docker import Container, DockerBackend
from sandmle_gym.sandbox.docker.engine import connection

_PATIENCE = 30.0
_HOST = """
import sys
from sandmle_gym.sandbox.docker import DockerBackend
backend = DockerBackend(preload=())
sandbox = backend.open()
assert sandbox.run("bash", "echo hello", seconds=30).head == b"hello\\n"
print("open", flush=True)
sys.stdin.read()
"""
Containers = Callable[[int], list[str]]


@pytest.fixture
def backend(engine: Probe):
    with DockerBackend(preload=()) as backend:
        yield backend


def _host() -> subprocess.Popen[str]:
    """Another process with a backend of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", _HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _wait(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _own(containers: Containers, backend: DockerBackend) -> str:
    container = backend._zygote._container
    assert container in containers(os.getpid())
    return container


def test_closing_removes_the_container(engine: Probe, containers: Containers) -> None:
    with DockerBackend(preload=()) as backend, backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok
        container = _own(containers, backend)
    assert container not in containers(os.getpid())


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_the_end_of_the_host_removes_the_container(
    engine: Probe, containers: Containers, end: str
) -> None:
    with _host() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert len(containers(process.pid)) == 1
        if end == "kill":
            process.send_signal(signal.SIGKILL)
        else:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == 0
    assert _wait(lambda: not containers(process.pid))


def test_nothing_is_left_in_the_temporary_folder(
    engine: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 20)  # too long for the address of a socket
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with DockerBackend(preload=()):
        assert not list(folder.iterdir())


def test_an_image_without_python_is_an_error_that_leaves_no_container(
    engine: Probe, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(containers(os.getpid()))
    monkeypatch.setattr("sandmle_gym.sandbox.docker.engine.PYTHON", "/opt/nothing")
    with pytest.raises(SandboxError, match="/opt/nothing"):
        DockerBackend(preload=())
    assert set(containers(os.getpid())) == before


def test_several_processes_have_a_container_each(engine: Probe, containers: Containers) -> None:
    hosts = [_host() for _ in range(3)]
    try:
        for host in hosts:
            assert host.stdout is not None
            assert host.stdout.readline() == "open\n"
        assert [len(containers(host.pid)) for host in hosts] == [1, 1, 1]
    finally:
        for host in hosts:
            with host:
                assert host.stdin is not None
                host.stdin.close()
    assert _wait(lambda: not any(containers(host.pid) for host in hosts))


def test_a_dead_container_voids_its_episodes_and_is_replaced(
    backend: DockerBackend, containers: Containers
) -> None:
    sandbox = backend.open()
    first = _own(containers, backend)
    with connection() as api:
        api.kill(first)
    with pytest.raises(SandboxError):
        sandbox.run("bash", "sleep 5", seconds=30)
    with backend.open() as other:
        assert other.run("bash", "echo again", seconds=30).head == b"again\n"
    assert _own(containers, backend) != first
    sandbox.close()


def test_a_container_that_dies_during_a_command_voids_it(
    backend: DockerBackend, containers: Containers
) -> None:
    with backend.open() as sandbox:
        process = subprocess.Popen(
            [sys.executable, "-c", _KILL, _own(containers, backend)], stdout=subprocess.DEVNULL
        )
        with process, pytest.raises(SandboxError):
            sandbox.run("bash", "sleep 60", seconds=60)


_KILL = """
import sys, time
from sandmle_gym.sandbox.docker.engine import connection
time.sleep(0.5)
with connection() as api:
    api.kill(sys.argv[1])
"""


def test_a_forked_child_leaves_the_parents_container_alone(
    backend: DockerBackend, containers: Containers
) -> None:
    sandbox = backend.open()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            backend.close()
            backend.open()
        except SandboxError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sandbox.run("bash", "echo here", seconds=30).head == b"here\n"
    sandbox.close()


def test_the_shared_backend_is_found_by_name(engine: Probe) -> None:
    backend = get_backend("docker")
    assert get_backend("docker") is backend
    backend.close()
    assert not backend.alive


def test_the_containers_memory_ends_an_episode_not_the_container(engine: Probe) -> None:
    limits = Container(memory_mb=300, processes=500)
    grab = "x = bytearray(600 << 20)\nprint(len(x))"
    with DockerBackend(preload=(), container=limits) as backend, backend.open() as other:
        with backend.open(resources=Resources(memory_mb=2000)) as sandbox:
            result = sandbox.run("python", grab, seconds=60)
            assert not result.ok
        assert other.run("bash", "echo lives", seconds=30).head == b"lives\n"
        with backend.open() as fresh:
            assert fresh.run("bash", "true", seconds=30).ok
