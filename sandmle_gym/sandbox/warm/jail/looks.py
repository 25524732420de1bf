"""What the processes of a command use together, as process 1 sees it in /proc: memory and CPU time.

The kernel's limits hold for one process; sixty-four of them could take sixty-four times as much. So
process 1 looks, up to ten times a second, and ends the command whose sum is too large.
"""

import contextlib
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import processes

Verdict = Literal["", "memory", "cpu"]

INTERVAL = 0.1
"""Seconds between two looks; one costs 0.2 ms, exact ones more."""
_SHARE = 5
"""The wait after a look is at least so many times what it took …"""
_LONGEST = 1.0
"""… but no longer than this: exact figures of many processes that are taking memory can cost a second."""
_TICKS = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """One line of /proc/PID/stat, in ticks and bytes."""

    pid: int
    started: int
    own: int
    """CPU time of its own threads."""
    waited: int
    """CPU time of the dead children that it has waited for, with theirs."""
    resident: int


class Looks:
    """The accounts of one episode, closed at the end of each command."""

    def __init__(self, resources: dict[str, int]) -> None:
        self.largest_memory = resources["memory_mb"] << 20
        self.longest_cpu = resources["cpu_seconds"]
        self.begin(None)

    def begin(self, session: int | None) -> None:
        """Start the account of a command; what an older process (the session) used before is not on it."""
        self._next = time.monotonic() + INTERVAL
        self._hidden: set[int] = set()
        self._seen: dict[tuple[int, int], int] = {}
        self._before = [_read(session)] if session is not None else []
        self._reaped = _reaped()

    def verdict(self, now: float, spare: int | None) -> Verdict:
        """Look, if it is time to, and say what there is too much of; a spare run is not the agent's yet."""
        if now < self._next:
            return ""
        alive = [each for each in _alive() if each.pid != spare]
        verdict: Verdict = ""
        if self._cpu(alive) > self.longest_cpu:
            verdict = "cpu"
        elif self._memory_exceeds(alive):
            verdict = "memory"
        spent = time.monotonic() - now
        self._next = now + spent + min(max(INTERVAL, _SHARE * spent), _LONGEST)
        return verdict

    def _cpu(self, alive: list[Process]) -> float:
        """Return the CPU seconds of the command, from below: the larger of two sums that each miss some.

        What the processes that we ever saw used until we last saw them misses those that lived between two
        looks. What the living have used and waited for, and we have reaped, misses what runs of Python had
        waited for when they died, since their parent is the zygote.
        """
        self._seen |= {(each.pid, each.started): each.own for each in alive}
        before = [each for each in self._before if each is not None]
        seen = sum(self._seen.values()) - sum(each.own for each in before)
        told = sum(each.own + each.waited for each in alive)
        told -= sum(each.own + each.waited for each in before)
        return max(seen / _TICKS, told / _TICKS + _reaped() - self._reaped)

    def _memory_exceeds(self, alive: list[Process]) -> bool:
        """Say whether all processes together use too much memory.

        Their resident memory bounds that from above and is cheap to ask for. Where it is too much, the exact
        figure decides: there a page that several share (the warm ones: with the zygote) counts once. Of one
        that hides it from us all memory counts, but not at once: a run that is just being handed to the
        agent hides too.
        """
        hidden_before, self._hidden = self._hidden, set()
        if sum(each.resident for each in alive) <= self.largest_memory:
            return False
        total = 0
        for each in alive:
            exact = _proportional(each.pid)
            if exact is not None:
                total += exact
            elif _is_the_agents(each.pid):
                self._hidden.add(each.pid)
                total += each.resident if each.pid in hidden_before else 0
            if total > self.largest_memory:  # before the rest takes more while we look at it
                return True
        return False


def _alive() -> Iterator[Process]:
    """Yield all processes but this one that have not ended (zombies have)."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and entry.name != "1":
            process = _read(int(entry.name))
            if process is not None:
                yield process


def _read(pid: int) -> Process | None:
    with contextlib.suppress(OSError):
        stat = processes.stat(str(pid)).split()
        if stat[0] not in b"ZX":
            own, waited = int(stat[11]) + int(stat[12]), int(stat[13]) + int(stat[14])
            pages = int(stat[21])
            return Process(pid, int(stat[19]), own, waited, pages * resource.getpagesize())
    return None


def _reaped() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _proportional(pid: int) -> int | None:
    """Return the memory of a process, shared pages in shares, in bytes; None where we may not ask."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return None


def _is_the_agents(pid: int) -> bool:
    """Say whether a process has come under the agent's user already, or has ended."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
