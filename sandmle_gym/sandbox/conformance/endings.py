"""What is left of a command, an episode or a host when it ends: nothing."""

import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sandmle_gym.sandbox.base import Kind
from sandmle_gym.sandbox.conformance.subject import Subject, check, shown, text

_PATIENCE = 10.0
_HOST = """
import os, sys
from importlib import import_module
from pathlib import Path
kind = getattr(import_module(sys.argv[1]), sys.argv[2])
sandbox = kind(Path(sys.argv[3])).open()
print("open", flush=True)
sandbox.run("bash", "sleep 600 " + sys.argv[4] + " & exec sleep 600 " + sys.argv[4], seconds=600)
"""


@check(isolation=True)
def nothing_survives_its_command(subject: Subject) -> None:
    """A daemon dies with the command that made it, and a command ends with its first process."""
    daemon = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        while True: time.sleep(0.05); open('beat', 'a').write('x')\n    os._exit(0)\ntime.sleep(0.3)"
    )
    shell = (
        "setsid nohup bash -c 'while true; do echo x >> beat; sleep 0.05; done' & "
        "sleep 0.3; kill -STOP $!"
    )
    cases: tuple[tuple[Kind, str], ...] = (
        ("python", daemon),
        ("bash", shell),
        ("cell", daemon),
    )
    for kind, source in cases:
        with subject.open() as sandbox:
            result = sandbox.run(kind, source, seconds=20)
            assert result.ok, shown(result)
            assert result.seconds < 10
            look = "wc -c < beat; sleep 0.3; wc -c < beat; ls /proc | grep -c '^[0-9]'"
            before, after, processes = text(sandbox.run("bash", look, seconds=20)).split()
            assert before == after != "0"
            assert int(processes) <= (6 if kind == "cell" else 5)


@check(isolation=True)
def a_session_stands_still_between_cells(subject: Subject) -> None:
    """Threads of the Python session get no time while other commands run or none does."""
    start = (
        "import threading, time\nn = 0\ndef count():\n    global n\n    while True:\n"
        "        n += 1; time.sleep(0.01)\nthreading.Thread(target=count, daemon=True).start()"
    )
    with subject.open() as sandbox:
        sandbox.run("cell", start, seconds=20)
        first = int(text(sandbox.run("cell", "print(n)", seconds=20)))
        sandbox.run("bash", "sleep 1", seconds=20)
        second = int(text(sandbox.run("cell", "print(n)", seconds=20)))
    assert second - first < 50


@check(isolation=True)
def a_dead_host_leaves_nothing(subject: Subject) -> None:
    """When the process that opened an episode is killed, everything inside dies, and so does it on close."""
    mark = f"7{secrets.randbelow(10**9):09d}"
    kind = type(subject.backend)
    arguments = [kind.__module__, kind.__qualname__, str(subject.public_root), mark]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOST, *arguments], stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            assert _wait(lambda: len(_marked(mark)) >= 3)
        finally:
            process.send_signal(signal.SIGKILL)
    assert _wait(lambda: not _marked(mark)), _marked(mark)
    sandbox = subject.open()
    thread = threading.Timer(1.0, sandbox.close)
    thread.start()
    sandbox.run("bash", f"sleep 600 {mark}", seconds=5)
    thread.join()
    assert _wait(lambda: not _marked(mark))


def _marked(mark: str) -> list[str]:
    """Command lines of all processes of the machine that carry a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def _wait(condition: Callable[[], bool], patience: float = _PATIENCE) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
