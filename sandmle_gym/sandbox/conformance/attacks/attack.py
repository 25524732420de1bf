"""What an attack is: a small program, the law it tries to break, and the trace by which the host would know.

A program is text with names in `@…@`, which the arena replaces (see `Arena.values`). It says `tried` once
it has done its worst, so that a program that never got there does not pass for one that was stopped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sandmle_gym.sandbox.base import Kind, Resources

Sign = Literal[
    "secret",
    "connection",
    "host_file",
    "process",
    "neighbour",
    "leftover",
    "kernel_object",
    "privilege",
    "processes",
    "memory",
    "disk",
    "open_files",
    "time",
    "output",
    "forged",
    "void",
]
"""What the host sees of an attack that succeeded; `arena.py` and `watch.py` say how it looks.

`secret`: random bytes that only the host knew came out. `connection`: somebody called at a door of the
host's. `host_file`: a file of the host appeared or changed. `process`: a process of the host died,
stopped or changed. `neighbour`: another episode was reached, or does not answer. `leftover`: a process or
object outlived its command. `kernel_object`: a process held a kernel object that no agent should get.
`privilege`: a process had a capability, or could get one. `processes`, `memory`, `disk`, `open_files`: more
of it was in use than the episode may have. `time`: a call took far longer than its limit. `output`: more
came back than was to be kept. `forged`: a later command gave an answer that was not its own. `void`: a
call raised, or the backend serves nobody any more.
"""

Unwalled = Literal["succeeds", "fails", "depends", "untried"]
"""What happens where nothing isolates. `succeeds`: this is the positive control. `fails`: the attack is on
something that no backend has, or that the kernel or the host's own side stops. `depends`: on an option of
the kernel, or on who is faster. `untried`: it could not be kept away from the machine, or from the judge."""

SMALL = Resources(memory_mb=256, disk_mb=8, inodes=200, processes=24, open_files=64, flood_mb=1)
"""Limits of an attacked episode: reached fast, and far below the limits around the judge."""


@dataclass(frozen=True)
class Attack:
    """One way in, out or across."""

    name: str
    law: str
    """The law it tries to break, in one sentence."""
    aim: Sign
    """What the host would see if it succeeded; any other sign counts against the sandbox as well."""
    kind: Kind
    program: str
    then: tuple[tuple[Kind, str], ...] = ()
    """Further commands of the same episode."""
    get: tuple[str, ...] = ()
    """Files that the host reads afterwards, besides `loot` and `submission.csv`."""
    put: tuple[str, ...] = ()
    """Files that the host writes afterwards."""
    seconds: float = 10.0
    """Wall-clock limit of each command."""
    resources: Resources = SMALL
    dangerous: bool = False
    """Whether it takes all it can get: it runs only inside outer limits that were seen in force."""
    slow: bool = False
    """Whether it takes more than a few seconds."""
    machine: str = ""
    """The only processor it is written for; empty: any."""
    unwalled: Unwalled = "succeeds"
    """What happens on `local`."""
    why: str = ""
    """Why it does not succeed on `local`, or is not tried there."""
    as_root: bool = False
    """Whether only root succeeds on `local`."""

    @property
    def commands(self) -> tuple[tuple[Kind, str], ...]:
        """All commands, in order."""
        return ((self.kind, self.program), *self.then)


_NAME = re.compile(r"@([A-Z][A-Z0-9_]*)@")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every `@NAME@`; an unknown name is a KeyError."""
    return _NAME.sub(lambda match: values[match[1]], text)
