"""`python` as shells inside the jail find it: has a warm copy run the program in its place.

It passes its arguments, environment and standard streams to process 1, waits for the exit status, and ends
the same way; when it dies, so does the copy. What a warm copy cannot do like the real interpreter, the
real interpreter does. Imports next to nothing: it costs as much as its own start.
"""

import _signal  # pyright: ignore[reportMissingImports] - the plain module would import `enum`
import _socket
import os
import sys

ADDRESS = "/run/python"
DEFAULTS = "/etc/environment"
LARGEST = 1 << 16
_HARMLESS = ("-u", "-B")
_DESCRIPTORS = "/dev/fd/"


def main() -> None:
    """Run warm, else become the real interpreter."""
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    program = sys.argv[1:]
    while program and program[0] in _HARMLESS:
        del program[0]
    if _can_be_warm(program):
        status = _run_warm(program)
        if status is not None:
            _end(status)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def _can_be_warm(program: list[str]) -> bool:
    if any(argument.startswith(_DESCRIPTORS) for argument in program):
        return False  # a descriptor that the shell opened for us alone
    first = program[0] if program else "-"
    if first in ("-c", "-m") and len(program) < 2:
        return False
    if first not in ("-", "-c", "-m") and (first.startswith("-") or not os.path.isfile(first)):  # noqa: PTH113
        return False
    with open(DEFAULTS, encoding="utf-8") as file:  # noqa: PTH123
        defaults = dict(line.rstrip("\n").split("=", 1) for line in file)
    names = {name for name in (*defaults, *os.environ) if name.startswith("PYTHON")}
    return all(os.environ.get(name) == defaults.get(name) for name in names)


def _run_warm(program: list[str]) -> int | None:
    """Return the exit status (negative: a signal), or None when nobody serves us."""
    environment = [f"{name}={value}" for name, value in os.environ.items()]
    parts = [os.getcwd(), str(len(program)), *program, *environment]  # noqa: PTH109
    message = "\0".join(parts).encode("utf-8", "surrogateescape")
    if len(message) > LARGEST:
        return None
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        connection.connect(ADDRESS)
        connection.sendmsg([message], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        reply = connection.recv(16)
    except OSError:
        return None
    return int(reply) if reply else None


def _end(status: int) -> None:
    if status < 0:
        if -status not in (_signal.SIGKILL, _signal.SIGSTOP):
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main()
