"""Second stage: start the zygote, then open an episode per request of the host.

Run inside the new root by `root.py`, as process 1 of its pid namespace: when it ends, everything does. It
is bare on purpose. The first process of an episode is a fork of this one, so the libraries that agent code
is to find warm live in a process of their own, `zygote.py`, which forks every run of Python.
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


class _Gate:
    """The loop of the process that forks episodes."""

    def __init__(
        self, control: socket.socket, zygote: socket.socket, config: dict[str, Any]
    ) -> None:
        self.control = control
        self.zygote = zygote
        self.config = config
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def serve(self) -> NoReturn:
        """Work until the host or the zygote is gone."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.zygote, 0)  # it never writes: its end is all that can happen
        while True:
            ready = dict(poll.poll())
            if self.zygote.fileno() in ready:
                os._exit(1)
            self.on_request()

    def on_request(self) -> None:
        """Open one episode."""
        message, fds = wire.receive(self.control, _LARGEST_DATAGRAM, 1)
        if not message:
            os._exit(0)
        request = json.loads(message)
        channel = socket.socket(fileno=fds[0])
        line, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with channel, line, far_end:
            try:
                child = self.fork()
            except OSError as error:
                self.control.send(json.dumps({"failed": str(error)}).encode())
                return
            if child == 0:
                far_end.close()
                self.become_episode(channel, line, request)
            handle = os.pidfd_open(child)
            # Not where its files are: what the zygote knows, every agent could find in its own memory.
            known = {name: request.get(name) for name in ("user", "resources")}
            fds = [handle, far_end.fileno()]
            socket.send_fds(self.zygote, [json.dumps(known).encode()], fds)
            socket.send_fds(self.control, [b"{}"], [handle])
            os.close(handle)

    def fork(self) -> int:
        """Fork the first process of a new pid namespace."""
        # Going home first makes the next unshare legal again.
        syscalls.setns(self.home, syscalls.NEWPID)
        syscalls.unshare(syscalls.NEWPID, "pid namespace")
        return os.fork()

    def become_episode(
        self, channel: socket.socket, line: socket.socket, request: dict[str, Any]
    ) -> NoReturn:
        """Wall ourselves in and serve the episode."""
        try:
            self.control.close()
            self.zygote.close()
            os.close(self.home)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            config = self.config
            episode.enter(request, as_root=config["as_root"], mapped=config["mapped"])
            process = init.Init(channel, line, config["environment"], request["resources"])
            process.answer({"ready": True})
            process.serve()
        except BaseException:  # noqa: BLE001 - the host wants to know whatever it was
            with contextlib.suppress(OSError):
                channel.send(json.dumps({"broken": traceback.format_exc()[-4000:]}).encode())
        os._exit(1)


if __name__ == "__main__":
    main()
