"""Plays attacks in a process of their own, with a fence of outer limits around it.

with Ring("mypackage.sandbox:MyBackend") as ring:
for attack in ATTACKS:
print(ring.fight(attack))
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from sandmle_gym.sandbox.conformance import bait, fence
from sandmle_gym.sandbox.conformance.arena import Verdict
from sandmle_gym.sandbox.conformance.attacks import ATTACKS, Attack

_JUDGE = "sandmle_gym.sandbox.conformance.judge"
_START = 180.0
_AFTER = 100.0
"""Seconds beyond the limits of an attack's commands after which the judge itself is given up."""


class Ring:
    """One judge at a time; a new one when an attack has got the better of the last, or stays around it."""

    def __init__(
        self, backend: str, *, launcher: Sequence[str] = (sys.executable, "-m", _JUDGE)
    ) -> None:
        """Prepare.

        Args:
            backend: `module:class` of a `Backend` that is made with its public root alone.
            launcher: Command that starts the judge with the arguments that follow it, for tests that start it
                as another user.
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
        reply = json.loads(line) if line else {"last": True}
        if reply.pop("last"):
            self._end()
        return reply or None

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
            # A pool that processes share would be somebody else's, and outside the fence.
            env={
                **os.environ,
                bait.ENVIRONMENT_NAME: bait.secret(),
                "SANDMLE_RUNTIME": self._folder,
            },
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
