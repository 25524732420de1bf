"""The docker backend keeps every law of a sandbox, and contains every attack."""

from collections.abc import Iterator

import pytest

from sandmle_gym.sandbox.base import Probe
from sandmle_gym.sandbox.conformance import ATTACKS, CHECKS, Attack, Check, Ring, Subject


@pytest.fixture(scope="session")
def ring(engine: Probe) -> Iterator[Ring]:
    with Ring("sandmle_gym.sandbox.docker:DockerBackend") as ring:
        yield ring


@pytest.mark.timeout(300)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_docker_keeps_the_law(check: Check, docker: Subject) -> None:
    check.run(docker)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_docker_contains_it(attack: Attack, ring: Ring) -> None:
    verdict = ring.fight(attack)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.contained, verdict
