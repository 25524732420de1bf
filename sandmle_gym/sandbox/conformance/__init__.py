"""The laws of a sandbox as executable checks and attacks, for our backends and for anybody's own.

    with Ring("mypackage.sandbox:MyBackend") as ring:       # MyBackend(public_root) -> Backend
        for check in CHECKS:
            assert ring.check(check.name) is None           # else: what is broken
        for attack in ATTACKS:
            assert (verdict := ring.fight(attack)).contained, verdict

A ring plays them in a process of its own inside outer limits on processes and memory. With pytest:

    @pytest.fixture(scope="session")
    def ring():
        with Ring("mypackage.sandbox:MyBackend") as ring:
            yield ring

    @pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
    def test_it_is_contained(attack, ring):
        verdict = ring.fight(attack)
        if verdict.skipped:
            pytest.skip(verdict.skipped)
        assert verdict.contained, verdict

Checks with `isolation` set hold only where `Backend.isolated` is true, and attack: run them on nothing else.
"""

from sandmle_gym.sandbox.conformance import contract, endings, files, inputs, isolation, limits
from sandmle_gym.sandbox.conformance.arena import Verdict
from sandmle_gym.sandbox.conformance.attacks import ATTACKS, GROUPS, Attack
from sandmle_gym.sandbox.conformance.ring import Ring, run
from sandmle_gym.sandbox.conformance.subject import Check, Subject, registered

CHECKS: tuple[Check, ...] = registered()
"""Every check, in the order of the files."""

__all__ = [
    "ATTACKS",
    "CHECKS",
    "GROUPS",
    "Attack",
    "Check",
    "Ring",
    "Subject",
    "Verdict",
    "contract",
    "endings",
    "files",
    "inputs",
    "isolation",
    "limits",
    "run",
]
