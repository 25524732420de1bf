"""`python` as shells inside the jail find it: has a warm copy run the program in its place.

It passes its arguments, environment, standard streams and what else a process inherits to process 1, hands
on the signals that it gets, waits for the exit status, and ends the same way; when it dies, so does the
copy. What a warm copy cannot do like the real interpreter, the real interpreter does. Imports next to
nothing: it costs as much as its own start. `shim.c` does the same, where it can be compiled.
"""

import _signal  # pyright: ignore[reportMissingImports] - the plain module would import `enum`
import _socket
import os
import sys

ADDRESS = "/run/python"
DEFAULTS = "/etc/environment"
LARGEST = 1 << 16
_HARMLESS = ("-u", "-B", "-uB", "-Bu")
"""Options that say what the jail's environment says already."""
_FREE = frozenset(("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "PATH", "TZ"))
"""Variables that a warm copy heeds whenever they are set. The others are read when libraries load."""
_EARLY = (
    "PYTHON",
    "LD_",
    "LC_",
    "LANG",
    "OMP_",
    "GOMP_",
    "KMP_",
    "OPENBLAS_",
    "MKL_",
    "BLIS_",
    "CUDA_",
)
_EARLY += ("GLIBC_", "MALLOC_", "NUMEXPR_", "NPY_", "MPL", "ARROW_", "JOBLIB_")
"""Beginnings of the names of variables that are read when the interpreter or a library loads."""
_STREAMS = {"0", "1", "2"}
_PYTHONS_OWN = (_signal.SIGPIPE, _signal.SIGXFSZ)
"""Signals that every Python ignores."""
_HANDED_ON = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH")


def main() -> None:
    """Run warm, else become the real interpreter."""
    ignored = _ignored_signals()
    program = sys.argv[1:]
    while program and program[0] in _HARMLESS:
        del program[0]
    if _can_be_warm(program):
        status = _run_warm(program, ignored)
        if status is not None:
            _end(status)
    if _signal.SIGINT not in ignored:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def _ignored_signals() -> list[int]:
    return [
        number
        for number in range(1, _signal.NSIG)
        if number not in _PYTHONS_OWN and _signal.getsignal(number) == _signal.SIG_IGN
    ]


def _can_be_warm(program: list[str]) -> bool:
    first = program[0] if program else "-"
    if first in ("-c", "-m"):
        possible = len(program) > 1
    elif first == "-":
        possible = True
    else:
        readable = os.path.isfile(first) and os.access(first, os.R_OK)  # noqa: PTH113
        possible = readable and not first.startswith("-") and not first.endswith(".pyc")
    return possible and _plain_environment() and _plain_descriptors()


def _plain_environment() -> bool:
    with open(DEFAULTS, encoding="utf-8") as file:  # noqa: PTH123
        defaults = dict(line.rstrip("\n").split("=", 1) for line in file)
    names = set(defaults) - _FREE
    names |= {name for name in os.environ if name.startswith(_EARLY)}
    return all(os.environ.get(name) == defaults.get(name) for name in names)


def _plain_descriptors() -> bool:
    """Whether the standard streams are open, and nothing else that a copy would lack."""
    found = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return found >= _STREAMS and len(found) == len(_STREAMS) + 1  # and that of the listing


def _run_warm(program: list[str], ignored: list[int]) -> int | None:
    """Return the exit status (negative: a signal), or None when nobody serves us."""
    message = _describe(program, ignored)
    if message is None or len(message) > LARGEST:
        return None
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    for name in _HANDED_ON:
        number = getattr(_signal, name)
        if number not in ignored:
            _signal.signal(number, lambda number, _: connection.send(bytes([number])))
    try:
        connection.connect(ADDRESS)
        connection.sendmsg([message], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        reply = connection.recv(16)
    except OSError:
        return None
    return int(reply) if reply else None


def _describe(program: list[str], ignored: list[int]) -> bytes | None:
    """Put what the copy has to know into a message; None: the current directory is gone."""
    try:
        folder = os.getcwd()  # noqa: PTH109
    except OSError:
        return None
    umask = os.umask(0)
    os.umask(umask)
    with open("/proc/self/limits", encoding="ascii") as file:  # noqa: PTH123
        limits = file.read()
    options = sys.argv[1 : len(sys.argv) - len(program)]
    lists = [[folder, str(umask), str(os.nice(0)), limits], [str(number) for number in ignored]]
    lists += [options, program, [f"{name}={value}" for name, value in os.environ.items()]]
    parts = [part for one in lists for part in (str(len(one)), *one)]
    return "\0".join(parts).encode("utf-8", "surrogateescape")


def _end(status: int) -> None:
    if status < 0:
        if -status not in (_signal.SIGKILL, _signal.SIGSTOP):
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main()
