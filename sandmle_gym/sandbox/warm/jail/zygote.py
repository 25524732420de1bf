"""The warm interpreter: imports the stack once, then forks a run of Python into an episode whenever asked.

Started by `gate.py`. It holds nothing that an agent may not read: it started with a clean environment in a
root without the host's files, and all it ever receives are limits and handles. Programs, arguments and
output go past it, from the episode's first process to the fork, when that is walled in already.
"""

import contextlib
import errno
import gc
import json
import os
import resource
import select
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import episode
import imports
import processes
import programs
import syscall_filter
import syscalls
import wire

_LARGEST_DATAGRAM = 1 << 20


def main() -> None:
    """Warm up, report, serve until the gate is gone."""
    gate_socket = socket.socket(fileno=int(sys.argv[1]))
    gate_socket.set_inheritable(False)
    config = json.loads(gate_socket.recv(_LARGEST_DATAGRAM))
    try:
        skipped = _load(config)
    except BaseException:  # noqa: BLE001 - the host wants to know whatever it was
        gate_socket.send(
            json.dumps({"failed": "imports", "message": traceback.format_exc()[-4000:]}).encode()
        )
        os._exit(1)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    mapped += config["addresses"]
    report = {"ready": True, "skipped": skipped, "mapped": mapped}
    gate_socket.send(json.dumps(report).encode())
    processes.silence()
    processes.open_many_files()
    os.environ.clear()
    os.environ.update(config["environment"])
    syscalls.set_dumpable(False)  # or a fork could be looked into before its walls are up
    Zygote(gate_socket, as_root=config["as_root"], mapped=mapped).serve()


def _load(config: dict[str, Any]) -> list[str]:
    """Import the stack, and return the modules that are not installed."""
    sys.path.remove(config["code"])
    for name, module in list(sys.modules.items()):
        if name != "__main__" and str(getattr(module, "__file__", "")).startswith(config["code"]):
            del sys.modules[name]  # an agent's own `runner.py` must not find ours in its place
    syscall_filter.program(os.uname().machine)
    # Some libraries want a place for files when they are imported; no episode sees this one.
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=64m")
    skipped = imports.load(config["preload"])
    syscalls.unmount("/tmp")
    gc.collect()
    gc.freeze()
    return skipped


class _Episode:
    """What the zygote knows of an episode."""

    def __init__(self, request: dict[str, Any], handle: int, line: socket.socket) -> None:
        self.request = request
        self.handle = handle
        self.line = line

    def tell(self, message: dict[str, int], *fds: int) -> None:
        """Send to its first process; whoever does not listen is dying."""
        with contextlib.suppress(OSError):
            socket.send_fds(self.line, [json.dumps(message).encode()], fds, socket.MSG_DONTWAIT)


class Zygote:
    """The loop that forks runs and tells how they ended."""

    def __init__(self, gate_socket: socket.socket, *, as_root: bool, mapped: int) -> None:
        self.gate = gate_socket
        self.as_root = as_root
        self.mapped = mapped
        self.episodes: dict[int, _Episode] = {}
        self.jobs: dict[int, tuple[_Episode, int]] = {}
        self.poll = select.poll()
        self.poll.register(self.gate, select.POLLIN)
        self.alarm = processes.alarm()
        self.poll.register(self.alarm, select.POLLIN)

    def serve(self) -> NoReturn:
        """Work until the gate is gone."""
        while True:
            for fd, _ in self.poll.poll():
                if fd == self.gate.fileno():
                    self.on_gate()
                elif fd == self.alarm:
                    self.on_children()
                elif fd in self.episodes:
                    self.on_line(self.episodes[fd])

    def on_gate(self) -> None:
        """Take note of a new episode."""
        message, fds = wire.receive(self.gate, _LARGEST_DATAGRAM, 2)
        if not message:
            os._exit(0)
        handle, line = fds
        self.episodes[line] = _Episode(json.loads(message), handle, socket.socket(fileno=line))
        self.poll.register(line, select.POLLIN)

    def on_line(self, of: _Episode) -> None:
        """Fork for an episode, or forget it when it has ended."""
        try:
            message, fds = wire.receive(of.line, 4096, 1)
        except OSError:
            message, fds = b"", []
        if not message:
            self.poll.unregister(of.line)
            del self.episodes[of.line.fileno()]
            of.line.close()
            os.close(of.handle)
            return
        number = json.loads(message)["job"]
        try:
            self.fork(of, number, fds[0])
        except OSError as error:
            of.tell({"job": number, "errno": error.errno or errno.EAGAIN})
        os.close(fds[0])

    def fork(self, of: _Episode, number: int, job: int) -> None:
        """Fork into the pid namespace of an episode."""
        syscalls.setns(of.handle, syscalls.NEWPID)
        pid = os.fork()
        if pid:
            self.jobs[pid] = of, number
            return
        programs.become(
            job,
            lambda: episode.join(of.handle, of.request, as_root=self.as_root, mapped=self.mapped),
        )

    def on_children(self) -> None:
        """Reap, and tell each episode whose run has ended."""
        processes.drain(self.alarm)
        for pid, code in processes.reap(os.WNOHANG):
            of, number = self.jobs.pop(pid)
            of.tell({"job": number, "code": code})


if __name__ == "__main__":
    main()
