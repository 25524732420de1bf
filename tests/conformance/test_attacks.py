"""No attack succeeds against a backend that isolates; on `local` they show what it does not stop."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandmle_gym.sandbox import Probe
from sandmle_gym.sandbox.conformance import ATTACKS, Attack, Ring, judge
from sandmle_gym.sandbox.warm import WarmBackend

pytestmark = pytest.mark.timeout(400)  # a judge that is stuck is given up before

WARM = "sandmle_gym.sandbox.warm:WarmBackend"
LOCAL = "sandmle_gym.sandbox.local:LocalBackend"
AS_USER = (sys.executable, str(Path(__file__).with_name("as_user.py")), judge.__name__)
SAMPLES = {
    "read_a_file_by_its_path",
    "write_a_file_of_the_host",
    "kill_all",
    "call_an_abstract_socket",
    "kill_a_neighbour",
    "clone_a_user_namespace",
    "set_up_an_io_uring",
    "start_many_processes",
    "fill_the_disk",
    "leave_a_daemon",
}
"""One positive control for each sign; all of them start cold interpreters, and take long."""


@pytest.fixture(scope="session")
def available() -> Probe:
    probe = WarmBackend.probe()
    if not probe.available:
        pytest.skip(probe.reason)
    return probe


@pytest.fixture(scope="session")
def warm(available: Probe) -> Iterator[Ring]:
    with Ring(WARM) as ring:
        yield ring


@pytest.fixture(scope="session")
def ordinary_user() -> Iterator[Ring]:
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    with Ring(WARM, launcher=AS_USER) as ring:
        yield ring


@pytest.fixture(scope="session")
def local() -> Iterator[Ring]:
    with Ring(LOCAL) as ring:
        yield ring


def attacks(*, samples: set[str] | None = None) -> list:
    def is_slow(attack: Attack) -> bool:
        return attack.slow if samples is None else attack.name not in samples

    slow = pytest.mark.slow
    return [
        pytest.param(attack, id=attack.name, marks=[slow] if is_slow(attack) else [])
        for attack in ATTACKS
    ]


def fight(attack: Attack, ring: Ring) -> None:
    verdict = ring.fight(attack)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.contained, verdict


@pytest.mark.parametrize("attack", attacks())
def test_warm_contains_it(attack: Attack, warm: Ring) -> None:
    fight(attack, warm)


@pytest.mark.parametrize("attack", attacks())
def test_warm_contains_it_as_an_ordinary_user(attack: Attack, ordinary_user: Ring) -> None:
    fight(attack, ordinary_user)


@pytest.mark.parametrize("attack", attacks(samples=SAMPLES))
def test_on_local_it_does_what_it_says(attack: Attack, local: Ring) -> None:
    verdict = local.fight(attack)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    if attack.as_root and os.geteuid() != 0:
        pytest.skip("succeeds only as root")
    assert verdict.tried, verdict
    if attack.unwalled != "depends":
        assert (attack.aim in verdict.signs) == (attack.unwalled == "succeeds"), verdict


@pytest.mark.slow
def test_what_an_attack_leaves_behind_does_not_stop_the_next(local: Ring) -> None:
    for name in ("outrun_the_killer", "make_many_directories_and_links"):
        attack = next(attack for attack in ATTACKS if attack.name == name)
        verdict = local.fight(attack)
        assert verdict.tried, verdict
        assert attack.aim in verdict.signs, verdict


def test_the_suite_is_well_formed() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 60
    for attack in ATTACKS:
        assert attack.law.endswith("."), attack.name
        assert bool(attack.why) == (attack.unwalled != "succeeds"), attack.name
        assert "tried" in attack.program, attack.name


def test_the_page_lists_every_attack() -> None:
    page = (Path(__file__).parents[2] / "docs" / "attacks.md").read_text()
    assert page.startswith(f"# The attack suite\n\n{len(ATTACKS)} attacks")
    for attack in ATTACKS:
        assert (
            f"| {attack.name} | {attack.law} | {'not tried' if attack.unwalled == 'untried' else ''}"
            in page
        )
