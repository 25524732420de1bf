"""Second stage: start the zygote, then open an episode per request of the host.

Run inside the new root by `root.py`, as process 1 of its pid namespace: when it ends, everything does. It
is bare on purpose. The first process of an episode is a fork of this one, so the libraries that agent code
is to find warm live in a process of their own, `zygote.py`, which forks every run of Python. One such first
process waits for its episode in advance.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import episode
import init
import proc
import processes
import syscall_filter
import syscalls
import wire

_LARGEST_DATAGRAM = 1 << 20


def main() -> None:
    """Start the zygote, report, serve until the host closes the socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    config = json.loads(control.recv(_LARGEST_DATAGRAM))
    zygote = _start_zygote(config)
    report = zygote.recv(_LARGEST_DATAGRAM)
    if report:
        control.send(report)
    if b'"ready"' not in report:
        os._exit(1)
    syscalls.unmount(config["code"])
    syscall_filter.program(os.uname().machine)
    proc.telltales()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the episodes
    processes.silence()
    processes.open_many_files()
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection would write to every page that the episodes share with us
    _Gate(control, zygote, config | {"mapped": json.loads(report)["mapped"]}).serve()


def _start_zygote(config: dict[str, Any]) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.set_inheritable(True)
    code = str(Path(__file__).with_name("zygote.py"))
    command = [config["python"], code, str(theirs.fileno())]
    os.posix_spawn(config["python"], command, config["zygote_environment"])
    theirs.close()
    ours.send(json.dumps(config).encode())
    return ours


class _First:
    """The first process of an episode, as the gate sees it; its episode may be still to come."""

    def __init__(self, pid: int, door: socket.socket, line: socket.socket) -> None:
        self.handle = os.pidfd_open(pid)
        self.door = door
        """Takes the one request of the host, with the host's channel."""
        self.line = line
        """The zygote's end of what the two talk by."""

    def close(self) -> None:
        """Let go of it."""
        os.close(self.handle)
        self.door.close()
        self.line.close()


class _Gate:
    """The loop of the process that forks episodes."""

    def __init__(
        self, control: socket.socket, zygote: socket.socket, config: dict[str, Any]
    ) -> None:
        self.control = control
        self.zygote = zygote
        self.config = config
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.spare: _First | None = None
        """Made in advance: a new process in new namespaces is much of what an opening costs."""

    def serve(self) -> NoReturn:
        """Work until the host or the zygote is gone."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.zygote, 0)  # it never writes: its end is all that can happen
        while True:
            if self.spare is None and not poll.poll(0):
                with contextlib.suppress(OSError):
                    self.spare = self.fork()
            ready = dict(poll.poll())
            if self.zygote.fileno() in ready:
                os._exit(1)
            self.on_request()

    def on_request(self) -> None:
        """Open one episode."""
        message, fds = wire.receive(self.control, _LARGEST_DATAGRAM, 1)
        if not message:
            os._exit(0)
        try:
            first = self.hand_over(message, fds[0])
        except OSError as error:
            self.control.send(json.dumps({"failed": str(error)}).encode())
            return
        finally:
            os.close(fds[0])
        request = json.loads(message)
        # Not where its files are: what the zygote knows, every agent could find in its own memory.
        known = {name: request.get(name) for name in ("user", "resources")}
        fds = [first.handle, first.line.fileno()]
        socket.send_fds(self.zygote, [json.dumps(known).encode()], fds)
        socket.send_fds(self.control, [b"{}"], [first.handle])
        first.close()

    def hand_over(self, message: bytes, channel: int) -> _First:
        """Give a request to the spare, or to a new process where there is none that lives."""
        first, self.spare = self.spare, None
        if first is not None:
            try:
                socket.send_fds(first.door, [message], [channel])
            except OSError:
                first.close()
            else:
                return first
        first = self.fork()
        socket.send_fds(first.door, [message], [channel])
        return first

    def fork(self) -> _First:
        """Fork the first process of a new pid namespace."""
        door, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with inside, line:
            try:
                # Going home first makes the next unshare legal again.
                syscalls.setns(self.home, syscalls.NEWPID)
                syscalls.unshare(syscalls.NEWPID, "pid namespace")
                child = os.fork()
                if child == 0:
                    door.close()
                    far_end.close()
                    self.become_first(inside, line)
                return _First(child, door, far_end)
            except OSError:
                door.close()
                far_end.close()
                raise

    def become_first(self, door: socket.socket, line: socket.socket) -> NoReturn:
        """Prepare, wait for the request, and play the episode."""
        self.control.close()
        self.zygote.close()
        os.close(self.home)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        failure = ""
        try:
            episode.prepare()
        except BaseException:  # noqa: BLE001 - the host wants to know whatever it was
            if not select.select([door], [], [], 0)[0]:
                os._exit(1)  # nobody has asked yet: when somebody does, it may work
            failure = traceback.format_exc()
        message, fds = wire.receive(door, _LARGEST_DATAGRAM, 1)
        if not message:
            os._exit(0)
        door.close()
        channel = socket.socket(fileno=fds[0])
        failure = failure or self.play(json.loads(message), channel, line)
        with contextlib.suppress(OSError):
            channel.send(json.dumps({"broken": failure[-4000:]}).encode())
        os._exit(1)

    def play(self, request: dict[str, Any], channel: socket.socket, line: socket.socket) -> str:
        """Wall ourselves in and serve the episode; return what broke."""
        try:
            config = self.config
            episode.enter(request, as_root=config["as_root"], mapped=config["mapped"])
            process = init.Init(channel, line, config["environment"], request["resources"])
            process.answer({"ready": True})
            process.serve()
        except BaseException:  # noqa: BLE001 - as above
            return traceback.format_exc()


if __name__ == "__main__":
    main()
