"""The host's handle on a zygote inside a container.

The container calls the host on a socket in a shared directory, which is gone once it has; everything else
is as with a zygote of the warm backend, file descriptors and process handles included: a container's
kernel is ours.
"""

import contextlib
import json
import os
import shutil
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.docker import engine, entry
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.warm import compiled, plan
from sandmle_gym.sandbox.warm.preload import groups
from sandmle_gym.sandbox.warm.zygote import Zygote

_LARGEST_DATAGRAM = 1 << 20
_PATIENCE = 60.0
"""Seconds that a container may take to call."""
_SHIM = "/opt/shim"
"""Where the container finds the compiled shim, if there is one."""
_AGENT = 1000
"""User of the container where we are root, who has no business inside."""


class ContainerZygote(Zygote):
    """One running container with a zygote in it. Thread-safe."""

    def __init__(
        self, limits: engine.Container, public_root: Path | None, equipment: plan.Equipment
    ) -> None:
        """Start the container and wait until its zygote has imported everything.

        Raises:
            IsolationUnavailableError: There is no daemon or no image, or a wall cannot be put up in it.
            SandboxError: The container does not start.
        """
        self.foreign = os.geteuid() == 0
        self._lock = threading.Lock()
        self._container: str | None = None
        self._control = socket.socket(socket.AF_UNIX)
        self._control.close()  # as that of a zygote that is dead
        door = Path(tempfile.mkdtemp(prefix="sandmle-docker-"))
        try:
            self._errors = (door / "errors").open("w+b")
            self._control = self._call(limits, door, public_root)
            self._send_configuration(public_root, equipment)
            self._welcome()
        except OSError as error:
            self.close()
            raise SandboxError(f"the container cannot be reached: {error}") from error
        except BaseException:
            self.close()
            raise
        finally:
            shutil.rmtree(door, ignore_errors=True)

    def _call(
        self, limits: engine.Container, door: Path, public_root: Path | None
    ) -> socket.socket:
        """Start the container and take its call, after a look at who calls."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            folder = os.open(door, os.O_RDONLY | os.O_DIRECTORY)
            listener.bind(f"/proc/self/fd/{folder}/socket")  # the path itself may be too long
            os.close(folder)
            listener.listen(1)
            user, group = (_AGENT, _AGENT) if self.foreign else (os.geteuid(), os.getegid())
            if self.foreign:
                for path in (door, door / "errors", door / "socket"):
                    os.chown(path, user, group)
            shim = compiled.shim()
            mounts = {
                entry.DOOR: door,
                engine.ENTRY: Path(entry.__file__),
                plan.CODE: plan.JAIL,
                **({} if public_root is None else {"/public": public_root}),
                **({} if shim is None else {_SHIM: shim}),
            }
            self._container = engine.start(limits, f"{user}:{group}", mounts, entry.DOOR)
            caller = self._accept(listener)
        pid, _, _ = struct.unpack(
            "3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        )
        if pid != engine.process_of(self._container):
            caller.close()
            raise SandboxError(
                f"process {pid} answers in place of our container; a daemon outside of the container that "
                "we are in ourselves would look like this: run where the daemon runs"
            )
        return caller

    def _accept(self, listener: socket.socket) -> socket.socket:
        listener.settimeout(1.0)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
            if self._container is None or engine.process_of(self._container) is None:
                raise IsolationUnavailableError(
                    f"the container ended at its start{self.complaint()}; "
                    f"does its image have {engine.PYTHON}?"
                )
        raise IsolationUnavailableError(
            "the container runs but does not call; does the daemon share this machine's directory "
            f"{tempfile.gettempdir()} and its kernel? (TMPDIR chooses another){self.complaint()}"
        )

    def _send_configuration(self, public_root: Path | None, equipment: plan.Equipment) -> None:
        question = {
            "code": plan.CODE,
            "environment": ENVIRONMENT,
            "system": plan.SYSTEM,
            "data_sets": plan.DATA_SETS,
            "system_data_sets": plan.SYSTEM_DATA_SETS,
        }
        self._control.settimeout(_PATIENCE)
        try:
            self._control.send(json.dumps(question).encode())
            answer = json.loads(self._control.recv(_LARGEST_DATAGRAM) or b"{}")
            if not answer:
                raise SandboxError(f"the container ended at its start{self.complaint()}")
            config = _configuration(answer, public=public_root is not None, equipment=equipment)
            self._control.send(json.dumps(config).encode())
        except OSError as error:
            raise SandboxError(f"the container breaks: {error}{self.complaint()}") from error

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        self._lock = threading.Lock()  # the old one may be held by a thread that the child lacks
        self._control.close()
        self._errors.close()
        self._container = None

    def close(self) -> None:
        """End the container, and with it every episode. Calling it twice is fine."""
        self._control.close()
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(SandboxError):  # it ends without us too, or its daemon is dead
                engine.remove(container)
        self._errors.close()


def _configuration(
    answer: dict[str, Any], *, public: bool, equipment: plan.Equipment
) -> dict[str, Any]:
    """Describe the jail inside the container; see `plan.configuration`."""
    prefixes = dict.fromkeys((answer["base"], answer["prefix"]))
    shown = [
        path for path in prefixes if not any(Path(path).is_relative_to(top) for top in plan.SYSTEM)
    ]
    inside = [*answer["system"], *shown, plan.CODE, *(["/public"] if public else [])]
    path = [plan.BIN, *(f"{prefix}/bin" for prefix in reversed(prefixes)), "/usr/bin", "/bin"]
    environment = ENVIRONMENT | equipment.gpus.environment | {"PATH": ":".join(dict.fromkeys(path))}
    return {
        "as_root": False,
        "binds": [(place, place) for place in inside],
        "shims": plan.BIN,
        "compiled_shim": _SHIM,
        "masks": answer["masks"],
        "python": engine.PYTHON,
        "code": plan.CODE,
        "environment": environment,
        "zygote_environment": environment | plan.HUGE_PAGES,
        "preload": groups(equipment.preload),
        "cage": None,  # the container is one
        "devices": equipment.gpus.nodes,
        "addresses": equipment.gpus.addresses,
    }
