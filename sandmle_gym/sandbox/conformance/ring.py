"""Plays attacks in a process of their own, with a fence of outer limits around it.

    with Ring("mypackage.sandbox:MyBackend") as ring:
        for attack in ATTACKS:
            print(ring.fight(attack))

The judge (`python -m sandmle_gym.sandbox.conformance.ring BACKEND DIRECTORY`) makes the backend, and so is
the parent of all that an attack may do. A backend that does not isolate gets pid, mount, ipc and uts
namespaces around the judge as well: what nothing stops is stopped there.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sandmle_gym.sandbox.base import Backend
from sandmle_gym.sandbox.conformance import bait, fence
from sandmle_gym.sandbox.conformance.arena import Arena, Verdict
from sandmle_gym.sandbox.conformance.attacks import ATTACKS, Attack
from sandmle_gym.sandbox.conformance.subject import Subject, registered


_START = 180.0
_AFTER = 150.0
"""Seconds beyond the limits of an attack's commands after which the judge itself is given up."""
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
_PRIVATE = 16384 | 1 << 18


class Ring:
    """One judge at a time; a new one when an attack has got the better of the last."""

    def __init__(
        self, backend: str, *, launcher: Sequence[str] = (sys.executable, "-m", __name__)
    ) -> None:
        """Prepare.

        Args:
            backend: `module:class` of a `Backend` that is made with its public root alone.
            launcher: Command that starts `main` of this module with the arguments that follow it, for
                tests that start it as another user.
        """
        self._backend = backend
        self._launcher = launcher
        self._process: subprocess.Popen[bytes] | None = None
        self._fence: fence.Fence | None = None
        self._folder = ""

    def fight(self, attack: Attack) -> Verdict:
        """Play one attack, and tell what the host saw of it."""
        patience = attack.seconds * (len(attack.commands) + 2) + _AFTER
        reply = self._ask({"attack": attack.name}, patience)
        if reply is None:
            return Verdict(
                attack.name, signs={"void": "the process that runs the backend is gone or stuck"}
            )
        return Verdict(**reply)

    def check(self, name: str, *, seconds: float = 300.0) -> str | None:
        """Run a check of `CHECKS`; return what is broken, or None."""
        reply = self._ask({"check": name}, seconds)
        return "the judge is gone or stuck" if reply is None else reply["problem"]

    def _ask(self, request: dict[str, Any], patience: float) -> dict[str, Any] | None:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            line = b""
        else:
            line = self._read_line(process, patience)
        if not line:
            self._end()
            return None
        return json.loads(line)

    def _start(self) -> subprocess.Popen[bytes]:
        self._folder = tempfile.mkdtemp(prefix="sandmle-ring-")
        Path(self._folder).chmod(0o755)
        with contextlib.suppress(
            fence.NoFenceError
        ):  # the judge asks for itself what lies around it
            self._fence = fence.Fence()
        self._process = process = subprocess.Popen(
            [*self._launcher, self._backend, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, bait.ENVIRONMENT_NAME: bait.secret()},
            start_new_session=True,
        )
        if self._fence is not None:
            self._fence.add(process.pid)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"go\n")
            process.stdin.flush()
        if self._read_line(process, _START) != b"ready\n":
            self._end()
            raise RuntimeError(
                f"the judge of {self._backend} does not start; see its standard error"
            )
        return process

    def _read_line(self, process: subprocess.Popen[bytes], patience: float) -> bytes:
        assert process.stdout is not None
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        return process.stdout.readline() if poll.poll(patience * 1000) else b""

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._fence is not None:
            self._fence.close()
            self._fence = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the judge, and what is left inside the fence."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run(backend: str, attacks: Iterable[Attack] = ATTACKS) -> list[Verdict]:
    """Play attacks against a backend given as `module:class`; see `Ring`."""
    with Ring(backend) as ring:
        return [ring.fight(attack) for attack in attacks]


def main() -> None:
    """Judge: read requests from standard input and answer each with one line of JSON."""
    backend, directory = sys.argv[1:]
    sys.stdin.readline()  # the fence is closed behind us
    if os.geteuid() != 0 and not fence.holds(os.getpid()):
        with contextlib.suppress(fence.NoFenceError):
            fence.limit_user()
    kind = load(backend)
    walled = "" if kind.isolated else _wall_in()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing but answers goes there
    subject = Subject(kind, Path(directory) / "subject")
    arena = Arena(subject, os.environ[bait.ENVIRONMENT_NAME])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        reply = _answer(json.loads(line), arena, subject, walled)
        print(json.dumps(reply), file=answers, flush=True)
    arena.close()
    subject.close()


def load(backend: str) -> Any:
    """Return the class behind `module:class`."""
    module, _, name = backend.partition(":")
    kind: Any = import_module(module)
    for part in name.split("."):
        kind = getattr(kind, part)
    assert issubclass(kind, Backend)
    return kind


def _answer(request: dict[str, str], arena: Arena, subject: Subject, walled: str) -> dict[str, Any]:
    try:
        if "check" in request:
            next(check for check in registered() if check.name == request["check"]).run(subject)
            return {"problem": None}
        attack = next(attack for attack in ATTACKS if attack.name == request["attack"])
        if reason := _obstacle(attack, subject, walled):
            return dataclasses.asdict(Verdict(attack.name, skipped=reason))
        verdict = arena.fight(attack)
        if os.getpid() == 1:
            _reap()
        return dataclasses.asdict(verdict)
    except Exception:  # noqa: BLE001 - whoever asked shows it
        problem = traceback.format_exc()
        if "check" in request:
            return {"problem": problem}
        return dataclasses.asdict(Verdict(request["attack"], signs={"void": problem}))


def _obstacle(attack: Attack, subject: Subject, walled: str) -> str:
    """Say why an attack cannot be played here, if so."""
    if attack.machine not in ("", os.uname().machine):
        return f"written for {attack.machine}"
    if subject.make.isolated:  # pyright: ignore[reportFunctionMemberAccess] - a class, see `load`
        return ""
    if attack.unwalled == "untried":
        return attack.why
    return walled


def _wall_in() -> str:
    """Move this process into namespaces of its own as process 1; return why not, if so."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWPID | _NEWIPC | _NEWUTS | (0 if user == 0 else _NEWUSER)
    if libc.unshare(flags):
        return f"no namespaces around it: {os.strerror(ctypes.get_errno())}"
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    if child := os.fork():
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    libc.prctl(1, 9)  # dies with the one outside
    if libc.mount(b"none", b"/", None, _PRIVATE, None) or libc.mount(
        b"proc", b"/proc", b"proc", 0, None
    ):
        return f"no /proc of its own: {os.strerror(ctypes.get_errno())}"
    return ""


def _reap() -> None:
    """Reap the orphans that process 1 inherits: they would fill the limit on processes."""
    with contextlib.suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            assert found.si_pid


if __name__ == "__main__":
    main()
