"""Where one attack meets one backend: baits around it, a neighbour beside it, and a look at everything after.

`Arena.fight` plays an attack in an episode of its own. Whatever the attack was after, the host looks for
every sign, and sees that later commands, the neighbour and a new episode answer as if nothing had happened.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sandmle_gym.errors import SandMLEError
from sandmle_gym.sandbox.base import Kind, Sandbox
from sandmle_gym.sandbox.conformance import bait
from sandmle_gym.sandbox.conformance.attacks import Attack, Sign, fill
from sandmle_gym.sandbox.conformance.fence import holds
from sandmle_gym.sandbox.conformance.neighbour import Neighbour, find_marked
from sandmle_gym.sandbox.conformance.subject import Subject
from sandmle_gym.sandbox.conformance.watch import Watch, kill_marked, marked, stands_still

KEEP = 20_000
"""Bytes of output that an attack's commands keep."""
_NOTE = 200
"""Bytes that a backend may add for a note of its own."""
_LATE = 30.0
"""Seconds by which a call may be late before that counts; machines are shared."""
_PATIENCE = 20.0
_LARGEST = 64 << 20


@dataclass
class Verdict:
    """How an attack went."""

    attack: str
    signs: dict[Sign, str] = field(default_factory=dict)
    """What the host saw, with the evidence; empty: the attack was contained."""
    tried: bool = False
    """Whether the program got as far as its attempt."""
    skipped: str = ""
    """Why it was not played."""
    statuses: tuple[str, ...] = ()
    """How its commands ended."""
    seconds: float = 0.0

    @property
    def contained(self) -> bool:
        """True if it was played, tried, and left no sign."""
        return self.tried and not self.signs and not self.skipped

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.attack}: not played: {self.skipped}"
        if self.signs:
            seen = "; ".join(f"{sign}: {evidence}" for sign, evidence in self.signs.items())
            return f"{self.attack}: NOT CONTAINED: {seen}"
        if not self.tried:
            return f"{self.attack}: did not get as far as its attempt ({self.statuses})"
        return f"{self.attack}: contained ({', '.join(self.statuses)})"


class Arena:
    """A backend and the host around it."""

    def __init__(self, subject: Subject, environment_secret: str) -> None:
        """Set up the baits, and open the neighbour.

        Args:
            subject: The backend under test.
            environment_secret: What the variable `ENVIRONMENT_NAME` of this process held at its start.
        """
        self._subject = subject
        self._memory = "memory-" + secrets.token_hex(
            16
        )  # before the backend starts, as an answer would be
        self._files = bait.Files(subject)
        self._places = bait.Places()
        self._doors = bait.Doors(subject.root)
        self._victim = bait.Victim()
        self._baits: tuple[bait.Bait, ...] = (self._files, self._places, self._doors, self._victim)
        package = (bait.PACKAGE / "errors.py").read_text().splitlines()[0].strip('"')
        self._secrets = [
            *self._files.secrets,
            *self._victim.secrets,
            *self._doors.secrets,
            self._memory,
            environment_secret,
            package,
        ]
        self._bystander = self._open_bystander()

    def _open_bystander(self) -> Sandbox:
        sandbox = self._subject.open()
        sandbox.put({"known": b"known"})
        return sandbox

    def close(self) -> None:
        """End everything."""
        self._bystander.close()
        for each in self._baits:
            each.close()

    def fight(self, attack: Attack) -> Verdict:
        """Play one attack."""
        started = time.monotonic()
        verdict = Verdict(attack.name)
        mark = f"mk{secrets.token_hex(5)}"
        self._places.look_for(mark)
        with Neighbour(self._subject, needed="@NEIGHBOUR" in attack.program) as neighbour:
            values = {**neighbour.values, "MARK": mark, "IPCKEY": str(bait.ipc_key(mark))}
            values["YRNEMEM"] = self._memory[:20][::-1]
            for each in self._baits:
                values |= each.values
            try:
                self._play(attack, values, verdict, neighbour)
            except SandMLEError as error:
                verdict.signs["void"] = f"{type(error).__name__}: {error}"
            for sign, evidence in self._after(mark, neighbour):
                verdict.signs[sign] = evidence
        verdict.seconds = time.monotonic() - started
        return verdict

    def _play(
        self, attack: Attack, values: Mapping[str, str], verdict: Verdict, neighbour: Neighbour
    ) -> None:
        mark = values["MARK"]
        with self._subject.open(attack.resources) as sandbox:
            if attack.dangerous and not self._fenced(sandbox):
                verdict.skipped = "no outer limits lie around the episode's processes"
                return
            watch = Watch(mark, attack.resources, self._doors.send_beacon)
            watch.start()
            results = []
            try:
                for kind, program in attack.commands:
                    began = time.monotonic()
                    source = fill(program, values)
                    result = sandbox.run(kind, source, seconds=attack.seconds, keep_bytes=KEEP)
                    verdict.signs |= dict(_timely(began, attack.seconds))
                    results.append(result)
            finally:
                verdict.signs |= watch.stop()
            verdict.statuses = tuple(result.status for result in results)
            verdict.tried = b"tried" in b"".join(part for r in results for part in (r.head, r.tail))
            if left := _running(mark, session="cell" in dict(attack.commands)):
                verdict.signs["leftover"] = f"{len(left)} processes after the command"
            heard = [result.head + result.tail for result in results]
            if (most := max(map(len, heard))) > KEEP + _NOTE:
                verdict.signs["output"] = f"{most} bytes were kept, {KEEP} were asked for"
            known = [*self._secrets, neighbour.secret]
            verdict.signs |= dict(self._aftermath(attack, sandbox, heard, known))

    def _aftermath(
        self, attack: Attack, sandbox: Sandbox, heard: list[bytes], known: list[str]
    ) -> Iterator[tuple[Sign, str]]:
        """See that later calls answer for themselves, and what can be fetched."""
        began = time.monotonic()
        total, loot = 0, list(heard)
        for name in dict.fromkeys(("loot", "submission.csv", *attack.get)):
            data = sandbox.get(name, max_bytes=_LARGEST).data
            if data is not None:
                loot.append(data)
                total += len(data) if name in attack.get else 0
        for text in known:
            if any(text.encode() in data for data in loot):
                yield "secret", f"{text[:14]}… came out"
        if attack.aim == "disk" and (
            total > attack.resources.disk_mb << 20
            or (len(attack.get) == 1 and len(loot) > len(heard))
        ):
            yield "disk", f"{total} bytes in {attack.get}"
        sandbox.put(dict.fromkeys(attack.put, b"put"))
        yield from _speaks_for_itself(sandbox)
        yield from _grows(sandbox)
        sandbox.run("cell", "pass", seconds=10)
        yield from _timely(began, 10)

    def _after(self, mark: str, neighbour: Neighbour) -> Iterator[tuple[Sign, str]]:
        """Look at the host, the neighbours and the backend when the episode is closed."""
        end = time.monotonic() + _PATIENCE
        while (
            (left := list(marked(mark)))
            and time.monotonic() < end
            and self._subject.backend.isolated
        ):
            time.sleep(0.05)
        if left:
            yield "leftover", f"{len(left)} processes after the end of the episode"
            kill_marked(mark)
        for each in self._baits:
            yield from each.signs()
        yield from neighbour.signs()
        try:
            nonce = secrets.token_hex(8)
            result = self._bystander.run("bash", f"cat known; echo {nonce}", seconds=_PATIENCE)
            if result.head != f"known{nonce}\n".encode():
                yield "neighbour", f"another episode answers {result}"
            with self._subject.open() as fresh:
                result = fresh.run("python", f"print({nonce!r})", seconds=_PATIENCE)
            if result.head != f"{nonce}\n".encode():
                yield "void", f"a new episode answers {result}"
        except SandMLEError as error:
            yield "void", f"the backend serves nobody any more: {error}"
            with contextlib.suppress(SandMLEError):
                self._bystander = self._open_bystander()

    def _fenced(self, sandbox: Sandbox) -> bool:
        """Find a process of the episode on the host, and see that limits lie around it."""
        mark = f"mk{secrets.token_hex(5)}"
        command = f"exec -a {mark} sleep 20"
        nap = threading.Thread(target=lambda: sandbox.run("bash", command, seconds=1.5))
        nap.start()
        try:
            return (pid := find_marked(mark)) is not None and holds(pid)
        finally:
            kill_marked(mark)
            nap.join()


def _running(mark: str, *, session: bool) -> list[int]:
    """List the marked processes; one that stands still may be the Python session."""
    left = list(marked(mark))
    still = [pid for pid in left if stands_still(pid)] if session else []
    return [pid for pid in left if pid not in still[:1]]


def _timely(began: float, seconds: float) -> Iterator[tuple[Sign, str]]:
    took = time.monotonic() - began
    if took > seconds + _LATE:
        yield "time", f"{took:.0f} s, with a limit of {seconds:g} s"


def _speaks_for_itself(sandbox: Sandbox) -> Iterator[tuple[Sign, str]]:
    """See that a shell and a script answer what they were asked, unless the episode is dead.

    What the attack's session still holds may cost one command its life, not the one after it.
    """
    nonce = secrets.token_hex(8)
    questions: dict[Kind, str] = {"bash": f"echo {nonce} 2", "python": f"print({nonce!r}, 1 + 1)"}
    for kind, source in questions.items():
        result = sandbox.run(kind, source, seconds=20)
        if not result.ok:
            result = sandbox.run(kind, source, seconds=20)
        if result.ok and result.head != f"{nonce} 2\n".encode():
            yield "forged", f"{kind} answers {result}"
        if not (result.ok or result.status == "dead"):
            yield "void", f"no later command works: {kind} answers {result}"


def _grows(sandbox: Sandbox) -> Iterator[tuple[Sign, str]]:
    """See that the file `beat`, where there is one, is written by nobody between two commands."""
    first = sandbox.get("beat", max_bytes=_LARGEST).data
    if first:
        time.sleep(0.3)
        if sandbox.get("beat", max_bytes=_LARGEST).data != first:
            yield "leftover", "something goes on writing between commands"
