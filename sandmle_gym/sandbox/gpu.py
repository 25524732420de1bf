"""Graphics processors for agent code: which device nodes a sandbox shows, and what its programs are told.

Off unless asked for: a driver of millions of lines answers the agent's calls, and no limit of ours holds for
the card's memory and time. Built for NVIDIA's driver, whose libraries must lie below /usr.
"""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from sandmle_gym.errors import UserError

_NODES = Path("/dev")
_CONTROL = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")
_CARD = re.compile(r"nvidia(\d+)")
_ADDRESSES = 1 << 45
"""Bytes of address space that the driver maps without using them: no limit on address space can hold."""
_EVERYBODY = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True)
class Gpus:
    """Cards that agent code may use."""

    cards: tuple[int, ...] = ()
    """Their numbers in the names of their device nodes."""
    nodes: tuple[str, ...] = ()
    """Device nodes to show, absolute paths."""
    memory: float | None = None
    """Share of a card's memory for one process, as far as libraries keep to it."""

    @property
    def addresses(self) -> int:
        """Bytes of address space for the driver, beyond the limits of the episode."""
        return _ADDRESSES if self.cards else 0

    @property
    def environment(self) -> dict[str, str]:
        """Variables of agent code. Inside, the cards are numbered from 0: others have no node there."""
        if not self.cards:
            return {}
        visible = ",".join(str(number) for number in range(len(self.cards)))
        told = {"CUDA_VISIBLE_DEVICES": visible, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        if self.memory is not None:
            told["PYTORCH_CUDA_ALLOC_CONF"] = f"per_process_memory_fraction:{self.memory}"
            told["XLA_PYTHON_CLIENT_MEM_FRACTION"] = str(self.memory)
        return told


def find(chosen: str | None, memory: float | None = None) -> Gpus:
    """Look for cards on this machine.

    Args:
        chosen: "all", or numbers of cards with commas between them ("0,2"); None: no card.
        memory: Share of a card's memory for one process, above 0 and at most 1. A request to libraries that
            heed it (PyTorch, JAX), not a wall.

    Raises:
        UserError: There is no such card, or not everybody may use it; or `memory` is out of range.
    """
    if memory is not None and (chosen is None or not 0 < memory <= 1):
        raise UserError(
            f"gpu_memory is a share above 0 and at most 1 of the cards in gpus, not {memory}"
        )
    if chosen is None:
        return Gpus()
    there = sorted(
        int(found[1]) for node in _NODES.glob("nvidia*") if (found := _CARD.fullmatch(node.name))
    )
    if not there or not (_NODES / "nvidiactl").exists():
        raise UserError(
            f"gpus={chosen!r}: this machine shows no NVIDIA card ({_NODES}/nvidiactl and nvidia0 are "
            "missing); load the driver (nvidia-modprobe -u -c 0), or leave the option out"
        )
    cards = there if chosen == "all" else _numbers(chosen)
    if missing := [number for number in cards if number not in there]:
        raise UserError(f"gpus={chosen!r}: no card {missing[0]}; there are {there}")
    names = [*_CONTROL, *(f"nvidia{number}" for number in cards)]
    nodes = [str(_NODES / name) for name in names if (_NODES / name).exists()]
    for node in nodes:
        if Path(node).stat().st_mode & _EVERYBODY != _EVERYBODY:
            raise UserError(
                f"{node} is not open to every user, so no agent could use it: chmod 666"
            )
    return Gpus(tuple(cards), tuple(nodes), memory)


def _numbers(chosen: str) -> list[int]:
    parts = [part.strip() for part in chosen.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UserError(
            f"gpus={chosen!r}: expected 'all', or numbers of cards such as '0' or '0,2'"
        )
    return sorted({int(part) for part in parts})
