"""The attacks, as data: each a small program, the law it tries to break, and the sign of its success."""

from sandmle_gym.sandbox.conformance.attacks import (
    answers,
    host_files,
    kernel,
    leftovers,
    neighbours,
    network,
    output,
    privileges,
    processes,
    protocol,
    resources,
    zygote,
)
from sandmle_gym.sandbox.conformance.attacks.attack import SMALL, Attack, Sign, Unwalled, fill

GROUPS: dict[str, tuple[Attack, ...]] = {
    "the answers": answers.ATTACKS,
    "the host's files": host_files.ATTACKS,
    "the host's processes": processes.ATTACKS,
    "the network": network.ATTACKS,
    "other episodes": neighbours.ATTACKS,
    "the zygote and process 1": zygote.ATTACKS,
    "privileges": privileges.ATTACKS,
    "the kernel": kernel.ATTACKS,
    "resources": resources.ATTACKS,
    "time after the end": leftovers.ATTACKS,
    "the protocol": protocol.ATTACKS,
    "the output": output.ATTACKS,
}
"""All attacks by what they go for."""
ATTACKS: tuple[Attack, ...] = tuple(attack for group in GROUPS.values() for attack in group)

__all__ = ["ATTACKS", "GROUPS", "SMALL", "Attack", "Sign", "Unwalled", "fill"]
