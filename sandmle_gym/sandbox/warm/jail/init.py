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
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import files
import looks
import processes
import runs
import shells
import wire
from episode import WORK

_LARGEST_DATAGRAM = 1 << 16
_ENDINGS = {"memory": signal.SIGKILL, "cpu": signal.SIGXCPU}
"""What a command that used too much is said to have died of."""


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
        self,
        control: socket.socket,
        line: socket.socket,
        environment: dict[str, str],
        resources: dict[str, int],
    ) -> None:
        """Start watching.

        Args:
            control: Requests of the host.
            line: To the zygote, see `runs.py`.
            environment: Variables of Bash.
            resources: Fields of `Resources`.
        """
        if os.getpid() != 1:
            raise RuntimeError("kill(-1) is only for process 1 of a pid namespace")
        # A signal with its default action does nothing to process 1, but Python has a handler for this one.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.control = control
        self.step: Step | None = None
        self.session: Session | None = None
        self.session_lost = False
        self.environment = environment
        self.looks = looks.Looks(resources)
        self.work = os.open(WORK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.poll = select.poll()
        self.handlers: dict[int, Callable[[], None]] = {}
        self.watch(control.fileno(), self.on_request)
        self.runs = runs.Runs(line)
        self.watch(line.fileno(), self.on_runs)
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
        while True:
            for fd, _ in self.poll.poll(self._milliseconds_left()):
                if fd in self.handlers:  # an earlier handler of this round may have closed it
                    self.handlers[fd]()
            now = time.monotonic()
            if self.step is not None and now >= self.step.deadline:
                self.stop("timeout")
            spare = None if self.runs.spare is None else self.runs.spare.known_pid()
            if self.step is not None and (too_much := self.looks.verdict(now, spare)):
                self.kill_all()
                self.finish("exited", -_ENDINGS[too_much], note=too_much)

    def _milliseconds_left(self) -> int | None:
        if self.step is None:
            return None
        left = min(self.step.deadline - time.monotonic(), looks.INTERVAL)
        return max(0, int(left * 1000) + 1)

    def on_request(self) -> None:
        """Take one request from the host."""
        message, fds = wire.receive(self.control, _LARGEST_DATAGRAM, 2)
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
        self.looks.begin(None if self.session is None else self.session.pid)
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

    def start_run(self, kind: bytes, fds: Sequence[int], program: bytes = b"") -> int:
        """Start a run of Python; return its process id."""
        pid, channel = self._start_run(kind, fds, program)
        channel.close()
        return pid

    def _start_run(
        self, kind: bytes, fds: Sequence[int], program: bytes = b""
    ) -> tuple[int, socket.socket]:
        """Start a run. A session that used up the limits is given up for it."""
        try:
            return self.runs.start(kind, fds, program)
        except OSError:
            if self.session is None:
                raise
            self.kill_all()
            return self.runs.start(kind, fds, program)

    def start_script(self, output: int, body: int) -> int:
        """Start a warm interpreter for a fresh script."""
        return self.start_run(runs.SCRIPT, [output, body])

    def start_shell(self, output: int, body: int) -> int:
        """Spawn Bash."""
        os.chdir(WORK)
        if b"python" in os.pread(body, _LARGEST_DATAGRAM, 0):
            self.runs.want_spare()
        return shells.spawn(output, body, self.environment)

    def start_cell(self, output: int, body: int) -> int:
        """Hand a cell to the session, which starts on first use."""
        if self.session is None:
            self.session = Session(*self._start_run(runs.SESSION, []))
            self.watch(self.session.channel.fileno(), self.on_session)
        os.kill(self.session.pid, signal.SIGCONT)
        socket.send_fds(self.session.channel, [b"cell"], [output, body])
        return self.session.pid

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
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.session.pid, signal.SIGKILL)
            self.drop_session()  # or the next cell could still be handed to it; on_runs knows its end
            return
        self.finish("exited", code & 0xFF)

    def on_children(self) -> None:
        """Reap what has died."""
        processes.drain(self.alarm)
        self.conclude(dict(processes.reap(os.WNOHANG)))

    def on_runs(self) -> None:
        """Hear which runs of Python have ended."""
        self.conclude(self.runs.ended())

    def conclude(self, codes: dict[int, int]) -> None:
        """Take note of ends, and end the command if its first process is among them."""
        self.take_note(codes)
        if self.step is not None and self.step.pid in codes:
            self.finish("exited", codes[self.step.pid])

    def take_note(self, codes: dict[int, int]) -> None:
        """Tell whoever waited for these processes that they have ended."""
        for pid, code in codes.items():
            self.shells.on_death(pid, code)
            if self.session is not None and pid == self.session.pid:
                self.drop_session()

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
        self.runs.idle()

    def kill_others(self) -> None:
        """Kill every process of the episode but the session and the spare, which are stopped."""
        # a spare that we have not heard of must not look left over
        self.take_note(self.runs.ended())
        keep = {1}
        if self.session is not None:
            keep.add(self.session.pid)
        if self.runs.spare is not None and (spare := self.runs.spare.known_pid()):
            keep.add(spare)
        if keep == {1}:
            self.kill_all()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGSTOP)  # all at once, so that nobody can fork in between
        while others := list(processes.running(keep)):
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                except PermissionError:
                    keep.add(pid)  # not the agent's yet: a spare in the making
            time.sleep(0.0002)
        self.bury(keep)

    def kill_all(self) -> None:
        """Kill every process of the episode, the session and the spare too."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        self.runs.drop_spare()
        self.bury({1})
        self.drop_session()

    def bury(self, keep: set[int]) -> None:
        """Wait for the ends of all that have been killed, without `keep`: until then they count."""
        codes = self.runs.ended(keep)  # first: what they leave is ours to reap
        self.take_note(codes | dict(processes.reap(0)))
        self.shells.hang_up_all()
