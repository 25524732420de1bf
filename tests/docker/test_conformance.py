"""The docker backend keeps every law of a sandbox."""

import pytest

from sandmle_gym.sandbox.conformance import CHECKS, Check, Subject


@pytest.mark.timeout(300)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_docker_keeps_the_law(check: Check, docker: Subject) -> None:
    check.run(docker)
