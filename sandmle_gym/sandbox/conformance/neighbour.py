"""An episode that runs beside an attacked one, and what the host sees of it."""

import secrets
import threading
import time
from collections.abc import Iterator
from typing import Self

from sandmle_gym.sandbox.base import ExecResult
from sandmle_gym.sandbox.conformance import bait
from sandmle_gym.sandbox.conformance.attacks import Sign, fill
from sandmle_gym.sandbox.conformance.subject import Subject
from sandmle_gym.sandbox.conformance.watch import marked

_PATIENCE = 20.0
_PROGRAM = """
import ctypes, os, pathlib, socket
ctypes.CDLL(None).prctl(15, b"@NEIGHBOURMARK@")
for place in (".", "/tmp", "/dev/shm"): pathlib.Path(place, "@NEIGHBOURMARK@").write_text("@NEIGHBOURSECRET@")
door = socket.socket(socket.AF_UNIX); door.bind("\\x00@NEIGHBOURSOCKET@")
door.listen(); door.settimeout(0.05)
print("stands", flush=True)
while True:
    try: door.accept(); print("met: called", flush=True)
    except TimeoutError: pass
    if os.path.exists("met"): print("met: written to", flush=True); os.unlink("met")
    try: os.waitpid(os.fork() or os._exit(0), 0)
    except OSError: print("met: cannot fork", flush=True)
"""


class Neighbour:
    """An episode with files, a door and a process, where an attack is after one."""

    def __init__(self, subject: Subject, *, needed: bool) -> None:
        self._needed = needed
        self._subject = subject
        self._mark = f"nb{secrets.token_hex(5)}"
        self.secret = bait.secret()
        self.values = {
            "NEIGHBOUR": "0",
            "NEIGHBOURMARK": self._mark,
            "NEIGHBOURSOCKET": secrets.token_hex(8),
            "NEIGHBOURSECRET": self.secret,
        }
        self._results: list[ExecResult] = []

    def __enter__(self) -> Self:
        if self._needed:
            self._sandbox = self._subject.open()
            self._thread = threading.Thread(target=self._live)
            self._thread.start()
            self.values["NEIGHBOUR"] = str(find_marked(self._mark) or 0)
            time.sleep(0.1)
        return self

    def _live(self) -> None:
        source = fill(_PROGRAM, self.values)
        self._results.append(self._sandbox.run("python", source, seconds=60))

    def signs(self) -> Iterator[tuple[Sign, str]]:
        """End it, and see whether it was met or had ended already."""
        if not self._needed:
            return
        if not self._thread.is_alive():
            yield "neighbour", f"its command has ended: {self._results}"
        self._sandbox.kill()
        self._thread.join()
        output = self._results[0].head
        if b"met" in output or b"stands" not in output:
            yield "neighbour", output.decode(errors="replace")

    def __exit__(self, *_: object) -> None:
        if self._needed:
            self._sandbox.kill()
            self._thread.join()
            self._sandbox.close()
            places = bait.Places()
            places.look_for(self._mark)
            list(places.signs())


def find_marked(mark: str) -> int | None:
    """Wait until a process of the machine carries a mark, and return it; None: none does."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        for pid in marked(mark):
            return pid
        time.sleep(0.02)
    return None
