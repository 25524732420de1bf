"""The process in a ring: makes the backend, and so is the parent of all that an attack may do.

Run as `python -m sandmle_gym.sandbox.conformance.judge BACKEND DIRECTORY` by `ring.py`. A backend that does
not isolate gets pid, mount, ipc and uts namespaces around the judge as well: what nothing stops is stopped
there.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from sandmle_gym.sandbox.base import Backend
from sandmle_gym.sandbox.conformance import CHECKS, bait, fence
from sandmle_gym.sandbox.conformance.arena import Arena, Verdict
from sandmle_gym.sandbox.conformance.attacks import ATTACKS, Attack
from sandmle_gym.sandbox.conformance.subject import Subject

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
_PRIVATE = 16384 | 1 << 18
_DIE_WITH_PARENT, _KILL = 1, 9
_PATIENCE = 2.0
"""Seconds in which what was killed is gone."""


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
    known = _processes()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        reply = _answer(json.loads(line), arena, subject, walled)
        reply["last"] = os.getpid() == 1 and _crowded(known)
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
            next(check for check in CHECKS if check.name == request["check"]).run(subject)
            return {"problem": None}
        attack = next(attack for attack in ATTACKS if attack.name == request["attack"])
        if reason := _obstacle(attack, subject, walled):
            return dataclasses.asdict(Verdict(attack.name, skipped=reason))
        return dataclasses.asdict(arena.fight(attack))
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
    libc.prctl(_DIE_WITH_PARENT, _KILL)
    if libc.mount(b"none", b"/", None, _PRIVATE, None) or libc.mount(
        b"proc", b"/proc", b"proc", 0, None
    ):
        return f"no /proc of its own: {os.strerror(ctypes.get_errno())}"
    return ""


def _crowded(known: set[int]) -> bool:
    """Whether processes stay in our namespace that an attack has left.

    They may outrun whoever kills them one by one, and would fill the fence; our end is theirs.
    """
    end = time.monotonic() + _PATIENCE
    while crowded := bool(_processes() - known):
        _reap()
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return crowded


def _processes() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208


def _reap() -> None:
    """Reap the orphans that process 1 inherits."""
    with contextlib.suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            assert found.si_pid


if __name__ == "__main__":
    main()
