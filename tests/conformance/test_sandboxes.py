"""Every backend keeps the laws of `sandmle_gym.sandbox.conformance`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandmle_gym.sandbox import probe_all
from sandmle_gym.sandbox.conformance import CHECKS, Check, Ring, Subject, judge
from sandmle_gym.sandbox.local import LocalBackend
from sandmle_gym.sandbox.warm import WarmBackend

LOCAL_BREAKS = {check.name for check in CHECKS if check.isolation}
"""`local` isolates nothing, so it keeps no law about isolation. The attacks are not even tried on it."""


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    probe = WarmBackend.probe()
    if not probe.available:
        pytest.skip(probe.reason)
    subject = Subject(WarmBackend, tmp_path_factory.mktemp("sandbox") / "subject")
    yield subject
    subject.close()


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    subject = Subject(LocalBackend, tmp_path_factory.mktemp("sandbox") / "subject")
    yield subject
    subject.close()


@pytest.fixture(scope="session")
def ordinary_user() -> Iterator[Ring]:
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    launcher = (sys.executable, str(Path(__file__).with_name("as_user.py")), judge.__name__)
    with Ring("sandmle_gym.sandbox.warm:WarmBackend", launcher=launcher) as ring:
        yield ring


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_warm_keeps_the_law(check: Check, warm: Subject) -> None:
    check.run(warm)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_warm_keeps_the_law_as_an_ordinary_user(check: Check, ordinary_user: Ring) -> None:
    problem = ordinary_user.check(check.name)
    assert problem is None, problem


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_local_keeps_the_law(check: Check, local: Subject, request: pytest.FixtureRequest) -> None:
    if check.name in LOCAL_BREAKS:
        pytest.skip("local isolates nothing; attacks are not run on it")
    check.run(local)


def test_a_probe_says_what_holds() -> None:
    probes = {probe.backend: probe for probe in probe_all()}
    assert not probes["local"].isolated
    assert any("UNSAFE" in note for note in probes["local"].notes)
    assert probes["warm"].isolated
    assert bool(probes["warm"].reason) != probes["warm"].available
