"""Process 1 of an episode: starts commands, ends them, and never runs agent code itself.

It answers one request at a time on the control socket (JSON datagrams with file descriptors); the end of
that socket ends the episode. A command is over when its first process is, whatever still holds the pipe;
everything else that it left is killed before the answer goes out. The Python session stands still
(SIGSTOP) between its cells.
"""

import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import files
import processes
import runner
import shells
import syscalls
from episode import WORK

_LARGEST_DATAGRAM = 1 << 16
_MEMORY_INTERVAL = 0.1
"""Seconds between two looks at the memory of all processes; a look costs 0.2 ms, exact ones more."""
_MEMORY_SHARE = 5
"""The wait after a look is at least so many times what it took."""


@dataclasses.dataclass
class Step:
    """The command that is running."""

    pid: int
    kind: str
    started: float
    deadline: float


@dataclasses.dataclass
class Session:
    """The process that holds the variables of the cells."""

    pid: int
    channel: socket.socket


class Init:
    """The event loop of process 1."""

    def __init__(
        self, control: socket.socket, environment: dict[str, str], largest_memory: int
    ) -> None:
        """Start watching; `largest_memory` is for all processes together, in bytes."""
        if os.getpid() != 1:
            raise RuntimeError("kill(-1) is only for process 1 of a pid namespace")
        # A signal with its default action does nothing to process 1, but Python has a handler for this one.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.control = control
        self.step: Step | None = None
        self.session: Session | None = None
        self.session_lost = False
        self.environment = environment
        self.largest_memory = largest_memory
        self.work = os.open(WORK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.poll = select.poll()
        self.handlers: dict[int, Callable[[], None]] = {}
        self.watch(control.fileno(), self.on_request)
        self.alarm = processes.alarm()
        self.watch(self.alarm, self.on_children)
        self.shells = shells.Shells(self)

    def watch(self, fd: int, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `fd` is readable or closed by its peer."""
        self.handlers[fd] = handler
        self.poll.register(fd, select.POLLIN)

    def unwatch(self, fd: int) -> None:
        """Stop watching `fd`."""
        del self.handlers[fd]
        self.poll.unregister(fd)

    def serve(self) -> NoReturn:
        """Work until the control socket closes."""
        look = 0.0  # when to look at the memory next
        while True:
            for fd, _ in self.poll.poll(self._milliseconds_left()):
                if fd in self.handlers:  # an earlier handler of this round may have closed it
                    self.handlers[fd]()
            now = time.monotonic()
            if self.step is not None and now >= self.step.deadline:
                self.stop("timeout")
            if self.step is not None and now >= look:
                if processes.memory_exceeds(self.largest_memory):
                    self.kill_all()
                    self.finish("exited", -signal.SIGKILL, note="memory")
                spent = time.monotonic() - now
                look = now + max(_MEMORY_INTERVAL, _MEMORY_SHARE * spent)

    def _milliseconds_left(self) -> int | None:
        if self.step is None:
            return None
        left = min(self.step.deadline - time.monotonic(), _MEMORY_INTERVAL)
        return max(0, int(left * 1000) + 1)

    def on_request(self) -> None:
        """Take one request from the host."""
        message, fds, _, _ = socket.recv_fds(
            self.control, _LARGEST_DATAGRAM, 2, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            os._exit(0)
        request = json.loads(message)
        os.fchmod(self.work, 0o700)  # the agent owns it and may have locked itself out
        match request["op"]:
            case "run":
                self.run(request, *fds)
            case "stop":
                self.stop("stopped")
            case "put":
                self.answer({"problem": files.put(self.work, request["name"], *fds)})
            case "get":
                self.answer(
                    {"problem": files.get(self.work, request["name"], request["max"], *fds)}
                )

    def answer(self, reply: dict[str, Any]) -> None:
        """Send a reply to the host."""
        self.control.send(json.dumps(reply).encode())

    def run(self, request: dict[str, Any], output: int, body: int) -> None:
        """Start a command."""
        start = {"python": self.start_script, "bash": self.start_shell, "cell": self.start_cell}
        started = time.monotonic()
        try:
            pid = start[request["kind"]](output, body)
        except OSError as error:
            self.fail_to_start(error, output, started)
        else:
            self.step = Step(pid, request["kind"], started, started + request["seconds"])
        os.close(output)
        os.close(body)

    def fail_to_start(self, error: OSError, output: int, started: float) -> None:
        """Report what the episode's own limits forbade, as a shell would."""
        os.write(output, f"cannot start: {error.strerror}\n".encode())
        self.step = Step(0, "", started, 0)
        self.finish("exited", 126)

    def fork(self, child: Callable[[], NoReturn]) -> int:
        """Fork; `child` must end the process. A session that used up the limits is given up for it."""
        try:
            pid = os.fork()
        except OSError:
            if self.session is None:
                raise
            self.kill_all()
            pid = os.fork()
        if pid:
            return pid
        try:
            syscalls.set_dumpable(
                True
            )  # process 1 is not, so /proc/self would be closed to its copies
            child()
        except BaseException:  # noqa: BLE001 - the copy must never return into this loop
            traceback.print_exc()
        os._exit(70)

    def start_script(self, output: int, body: int) -> int:
        """Fork a warm interpreter for a fresh script."""

        def child() -> NoReturn:
            source = runner.read_all(body)
            runner.begin(output)
            os.chdir(WORK)
            runner.run_script(source, runner.SCRIPT, [runner.SCRIPT], path=WORK)

        return self.fork(child)

    def start_shell(self, output: int, body: int) -> int:
        """Spawn Bash."""
        os.chdir(WORK)
        return shells.spawn(output, body, self.environment)

    def start_cell(self, output: int, body: int) -> int:
        """Hand a cell to the session, which is forked on first use."""
        if self.session is None:
            self.session = self.start_session()
        os.kill(self.session.pid, signal.SIGCONT)
        socket.send_fds(self.session.channel, [b"cell"], [output, body])
        return self.session.pid

    def start_session(self) -> Session:
        """Fork the process of the session."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def child() -> NoReturn:
            null = os.open(os.devnull, os.O_WRONLY)
            runner.begin(null, keep=theirs.detach())
            os.chdir(WORK)
            runner.run_session(socket.socket(fileno=runner.KEPT))

        pid = self.fork(child)
        theirs.close()
        self.watch(ours.fileno(), self.on_session)
        return Session(pid, ours)

    def on_session(self) -> None:
        """Take the end of a cell. The agent can forge it: it gains nothing but its own standstill."""
        if self.session is None:
            return
        try:
            message = self.session.channel.recv(_LARGEST_DATAGRAM)
            code = int(json.loads(message)["code"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, OSError):
            code = None
        if code is None or self.step is None or self.step.kind != "cell":
            self.unwatch(self.session.channel.fileno())
            os.kill(self.session.pid, signal.SIGKILL)
            # Wait for its end, else the next cell could still be handed to it; on_children reaps it.
            os.waitid(os.P_PID, self.session.pid, os.WEXITED | os.WNOWAIT)
            self.on_children()
            return
        self.finish("exited", code & 0xFF)

    def on_children(self) -> None:
        """Reap what has died, and end the command if its first process has."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.alarm, 4096):
                pass
        codes = self.reap(os.WNOHANG)
        if self.step is not None and self.step.pid in codes:
            self.finish("exited", codes[self.step.pid])

    def reap(self, flags: int) -> dict[int, int]:
        """Reap the dead (without WNOHANG: until nobody is left) and return their exit codes."""
        codes = {}
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, flags)
                if pid == 0:
                    break
                codes[pid] = os.waitstatus_to_exitcode(status)
                self.shells.on_death(pid, codes[pid])
                if self.session is not None and pid == self.session.pid:
                    self.drop_session()
        return codes

    def drop_session(self) -> None:
        """Forget the session, whose process is dead."""
        if self.session is None:
            return
        channel = self.session.channel
        if channel.fileno() in self.handlers:
            self.unwatch(channel.fileno())
        channel.close()
        self.session = None
        self.session_lost = True

    def stop(self, status: str) -> None:
        """End the running command from outside."""
        if self.step is None:
            return
        if self.step.kind == "cell":
            self.kill_all()
        self.finish(status, None)

    def finish(self, status: str, code: int | None, *, note: str = "") -> None:
        """Kill what the command left, and report its end."""
        step, self.step = self.step, None
        if step is None:
            return
        self.kill_others()
        reply = {"status": status, "code": code, "seconds": time.monotonic() - step.started}
        if step.kind == "cell" and self.session_lost and status != "stopped":
            self.session_lost = False  # of a flood only the head is shown: the next cell says it
            note = note or "session"
        self.answer({**reply, "note": note})

    def kill_others(self) -> None:
        """Kill every process of the episode but the session, which is stopped."""
        if self.session is None:
            self.kill_all()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGSTOP)  # all at once, so that nobody can fork in between
        keep = {1, self.session.pid}
        while others := [pid for pid in processes.running() if pid not in keep]:
            for pid in others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.reap(os.WNOHANG)
            time.sleep(0.0002)
        self.shells.hang_up_all()

    def kill_all(self) -> None:
        """Kill every process of the episode, the session too."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        self.reap(0)
        self.drop_session()
        self.shells.hang_up_all()
