"""The warm interpreter: imports the stack once, then forks a run of Python into an episode whenever asked.

Started by `gate.py`. It holds nothing that an agent may not read: it started with a clean environment in a
root without the host's files, and all it ever receives are limits and handles. Programs, arguments and
output go past it, from the episode's first process to the fork, when that is walled in already.
"""

import contextlib
import errno
import gc
import itertools
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
import pages
import processes
import programs
import spares
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
    hot = pages.touched(lambda: imports.warm_up(config["preload"]))
    syscalls.set_dumpable(False)  # or a fork could be looked into before its walls are up
    Zygote(gate_socket, hot, as_root=config["as_root"], mapped=mapped).serve()


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
    pages.plug()
    pages.merge()
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

    def __init__(
        self, gate_socket: socket.socket, hot: pages.Ranges, *, as_root: bool, mapped: int
    ) -> None:
        self.gate = gate_socket
        self.hot = hot
        self.as_root = as_root
        self.mapped = mapped
        self.episodes: dict[int, _Episode] = {}
        """By the descriptor of their line."""
        self.jobs: dict[int, tuple[int, int]] = {}
        """Line and number of each run, by process."""
        self.busy: set[tuple[int, int]] = set()
        """Runs that are at work: neither spares nor sessions."""
        self.spares = spares.Spares()
        self.numbers = itertools.count(-1, -1)
        self.poll = select.poll()
        self.poll.register(self.gate, select.POLLIN)
        self.alarm = processes.alarm()
        self.poll.register(self.alarm, select.POLLIN)

    def serve(self) -> NoReturn:
        """Work until the gate is gone."""
        while True:
            pause = self.spares.pause(len(self.busy))
            for fd, _ in self.poll.poll(None if pause is None else pause * 1000):
                if fd == self.gate.fileno():
                    self.on_gate()
                elif fd == self.alarm:
                    self.on_children()
                elif fd in self.episodes:
                    self.on_line(fd)
            self.tend_spares()

    def on_gate(self) -> None:
        """Take note of a new episode."""
        message, fds = wire.receive(self.gate, _LARGEST_DATAGRAM, 2)
        if not message:
            os._exit(0)
        handle, line = fds
        self.episodes[line] = _Episode(json.loads(message), handle, socket.socket(fileno=line))
        self.poll.register(line, select.POLLIN)

    def on_line(self, line: int) -> None:
        """Do what an episode asks for, or forget it when it has ended."""
        of = self.episodes[line]
        try:
            message, fds = wire.receive(of.line, 4096, 1)
        except OSError:
            message, fds = b"", []
        if not message:
            self.forget(line)
            return
        request = json.loads(message)
        if request["op"] == "want":
            self.spares.on_wanted(line)
        elif request["op"] == "idle":
            self.spares.on_idle(line)
        elif request["op"] == "take":
            self.spares.on_gone(line)
            self.spares.on_busy(line)
            self.busy.add((line, request["job"]))
        elif request["op"] == "fork":
            self.on_fork(line, request["job"], fds[0], stays=request["stays"])

    def forget(self, line: int) -> None:
        """Drop what we have of an episode that is over."""
        of = self.episodes.pop(line)
        self.poll.unregister(line)
        self.spares.forget(line)
        self.busy = {job for job in self.busy if job[0] != line}
        self.jobs = {pid: job for pid, job in self.jobs.items() if job[0] != line}
        of.line.close()
        os.close(of.handle)

    def on_fork(self, line: int, number: int, job: int, *, stays: bool) -> None:
        """Fork a run for an episode that waits for it."""
        if not stays:
            self.spares.on_busy(line)
        try:
            self.fork(line, number, job, [])
        except OSError as error:
            self.episodes[line].tell({"job": number, "errno": error.errno or errno.EAGAIN})
        else:
            if not stays:
                self.busy.add((line, number))
        os.close(job)

    def tend_spares(self) -> None:
        """Make at most one spare, and let go of one that is not wanted any more."""
        line = self.spares.next_to_make(len(self.busy))
        if line is not None:
            self.make_spare(line)
        line = self.spares.next_to_drop()
        if line is not None:
            self.episodes[line].tell({"drop": 1})

    def make_spare(self, line: int) -> None:
        """Fork a run in advance."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = next(self.numbers)
        self.spares.on_made(line)
        with ours, theirs:
            try:
                self.fork(line, number, theirs.fileno(), self.hot)
            except OSError:
                self.spares.on_gone(line)
            else:
                self.episodes[line].tell({"spare": number}, ours.fileno())

    def fork(self, line: int, number: int, job: int, hot: pages.Ranges) -> None:
        """Fork into the pid namespace of an episode."""
        of = self.episodes[line]
        syscalls.setns(of.handle, syscalls.NEWPID)
        pid = os.fork()
        if pid:
            self.jobs[pid] = line, number
            return
        programs.become(
            job,
            lambda: episode.join(of.handle, of.request, as_root=self.as_root, mapped=self.mapped),
            hot,
        )

    def on_children(self) -> None:
        """Reap, and tell each episode whose run has ended."""
        processes.drain(self.alarm)
        for pid, code in processes.reap(os.WNOHANG):
            line, number = self.jobs.pop(pid, (-1, 0))
            if line in self.episodes:
                self.episodes[line].tell({"job": number, "code": code})
                if (line, number) not in self.busy and number < 0:
                    self.spares.on_gone(line)
                self.busy.discard((line, number))


if __name__ == "__main__":
    main()
