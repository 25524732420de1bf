"""What the tests of the docker backend share: one probe, one backend, and a look at what is left."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandmle_gym.sandbox.base import Probe
from sandmle_gym.sandbox.conformance import Subject
from sandmle_gym.sandbox.docker import DockerBackend
from sandmle_gym.sandbox.docker.engine import LABEL, connection


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents and "engine" in item.fixturenames:
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def engine() -> Probe:
    """A daemon with our image, else the reason why there is none."""
    probe = DockerBackend.probe()
    if not probe.available:
        pytest.skip(f"docker: {probe.reason}")
    return probe


@pytest.fixture(scope="session")
def docker(engine: Probe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """The subject that all checks share."""
    subject = Subject(DockerBackend, tmp_path_factory.mktemp("docker") / "subject")
    yield subject
    subject.close()


@pytest.fixture
def containers(engine: Probe) -> Callable[[int], list[str]]:
    """List the containers that a process has made, as far as they are left."""

    def _of(process: int) -> list[str]:
        with connection() as api:
            found = api.containers(all=True, filters={"label": f"{LABEL}={process}"})
        return [container["Id"] for container in found]

    return _of
