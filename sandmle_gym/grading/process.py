"""The host's handle on one worker process: start it, ask it, kill it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandmle_gym.errors import SandboxError
from sandmle_gym.grading import channel

START_SECONDS = 60.0
"""How long the imports may take on a machine that is very busy."""

_BOOT = (
    "import json, sys; path, *numbers = json.loads(sys.argv[1]); sys.path[:] = path; "
    "from sandmle_gym.grading.worker import main; main(*numbers)"
)


@dataclass(frozen=True)
class WorkerLimits:
    """What one request may use."""

    memory_mb: int = 1024
    """Address space beyond what the imports map, in MiB."""
    cpu_seconds: float = 10.0
    """Processor time, rounded up to whole seconds."""
    wall_seconds: float = 60.0
    """Wall time; generous, because a busy machine is not the submission's fault."""


class WorkerLostError(Exception):
    """The worker did not answer: it is dead by now."""

    def __init__(self, reason: str, *, limit: bool) -> None:
        """Say how it ended.

        Args:
            reason: In words.
            limit: Whether a limit of time or memory was the cause.
        """
        super().__init__(reason)
        self.limit = limit


class Worker:
    """A running worker. Not thread-safe."""

    def __init__(self, limits: WorkerLimits) -> None:
        """Start it and wait until its imports are done.

        Raises:
            SandboxError: It cannot be started.
        """
        self._limits = limits
        self._channel, theirs = socket.socketpair()
        with theirs:
            numbers = [theirs.fileno(), os.getpid(), limits.memory_mb, limits.cpu_seconds]
            # its own alarm only serves when the host, which keeps the time, is dead
            arguments = json.dumps([_import_path(), *numbers, limits.wall_seconds + 5])
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the host
            )
        try:
            self._receive(START_SECONDS)
        except WorkerLostError as error:
            raise SandboxError(f"the grading worker does not start: {error}") from error

    def ask(self, request: dict[str, Any], block: bytes = b"") -> dict[str, Any]:
        """Send one request and wait for its reply.

        Raises:
            WorkerLostError: It died or ran out of time; this object is of no more use.
        """
        with contextlib.suppress(OSError):  # the reply, or its absence, tells what happened
            self._channel.settimeout(self._limits.wall_seconds)
            channel.send(self._channel, request, block)
        return self._receive(self._limits.wall_seconds)

    def kill(self) -> int:
        """End the process and return how it ended; calling it twice is fine."""
        self._process.kill()
        self._channel.close()
        return self._process.wait()

    def forget(self) -> None:
        """Let go of a worker that belongs to the process we were forked from."""
        self._process.returncode = 0  # so that Popen neither waits for it nor warns
        self._channel.close()

    def _receive(self, seconds: float) -> dict[str, Any]:
        try:
            self._channel.settimeout(seconds)
            return channel.receive(self._channel)[0]
        except TimeoutError:
            self.kill()
            raise WorkerLostError(f"no reply within {seconds:g} s", limit=True) from None
        except (OSError, EOFError):
            status = self._ended()
            limit = status in (-signal.SIGXCPU, -signal.SIGALRM, channel.OUT_OF_MEMORY)
            raise WorkerLostError(f"it ended with status {status}", limit=limit) from None

    def _ended(self) -> int:
        """Wait for a process that closed its channel, so that its own exit status is the one seen."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        return self.kill()


def _import_path() -> list[str]:
    """The host's import path, absolute, without the working directory and with our own parent."""
    here = str(Path(__file__).resolve().parents[2])
    return [str(Path(entry).absolute()) for entry in sys.path if entry] + [here]


def _environment() -> dict[str, str]:
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = dict.fromkeys(threads, "1") | {"LC_ALL": "C.UTF-8"}
    if libraries := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = libraries
    return environment
