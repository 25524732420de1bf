"""How agent Python runs in a process that was forked warm: like a fresh interpreter, seen from inside.

Every function here runs in the agent's own process and ends it, except `run_cell`.
"""

import ast
import atexit
import builtins
import contextlib
import gc
import importlib.machinery
import io
import json
import linecache
import os
import random
import runpy
import signal
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any, NoReturn

import syscalls
import wire

SEED = 0
"""Every fresh process starts its global random generators here, so that equal actions give equal output."""
SCRIPT = "<script>"
KEPT = 3
_ERRORS = "surrogateescape"
"""How the standard streams treat what is not UTF-8 in the locale C.UTF-8."""
_AT_START = frozenset(("encodings", "sitecustomize", "usercustomize"))
"""Modules from files that an interpreter has loaded before it looks into the program's directory."""
_REMEMBERS = (3, 13)
"""First version whose tracebacks quote programs from `-c` and standard input."""
_LARGEST_DATAGRAM = 4096


def begin(
    output: int, *, errors: int | None = None, source: int | None = None, keep: bool = False
) -> None:
    """Turn a fresh fork into the agent's process: own session, own streams, nothing else open.

    Args:
        output: File descriptor that becomes standard output.
        errors: File descriptor that becomes standard error; None: `output`.
        source: File descriptor that becomes standard input; None: /dev/null.
        keep: Whether number `KEPT` stays open.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    if source is None:
        source = os.open(os.devnull, os.O_RDONLY)
    for number, fd in enumerate((source, output, output if errors is None else errors)):
        os.dup2(fd, number)
    syscalls.close_from(KEPT + keep)
    _open_streams()


def _open_streams() -> None:
    """Make the standard streams as the interpreter does in our environment (see `create_stdio` in CPython).

    Written through, so that output keeps its order and survives a kill.
    """
    streams = (
        ("stdin", "r", _ERRORS),
        ("stdout", "w", _ERRORS),
        ("stderr", "w", "backslashreplace"),
    )
    for fd, (name, mode, errors) in enumerate(streams):
        raw = io.FileIO(fd, mode, closefd=False)
        raw.name = f"<{name}>"
        buffer: Any = raw if mode == "w" else io.BufferedReader(raw)
        stream = io.TextIOWrapper(buffer, "utf-8", errors, "\n", write_through=True)
        stream.mode = mode  # pyright: ignore[reportAttributeAccessIssue]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def reseed() -> None:
    """Reset the global generators of `random`, numpy and torch, which a fork inherits."""
    random.seed(SEED)  # noqa: TID251 - the agent's own generator, not one of ours
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed(SEED)
    if torch is not None:
        torch.manual_seed(SEED)


def shadowed(folder: str) -> set[str]:
    """Name the modules that are loaded already but that a fresh interpreter would find in `folder` first."""
    found = set()
    with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
        for entry in entries:
            name, dot, _ = entry.name.partition(".")
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if spec is None or spec.origin in ("built-in", "frozen") or name in _AT_START:
                continue
            if dot or os.path.exists(os.path.join(entry.path, "__init__.py")):  # noqa: PTH110, PTH118
                found.add(name)
    return found


def _forget_shadowed(folder: str) -> None:
    names = shadowed(folder)
    # To look at the name of every module would write to its page, and most folders hide none.
    for name in [name for name in sys.modules if name.partition(".")[0] in names] if names else ():
        del sys.modules[name]


def run_script(
    source: bytes, filename: str, arguments: list[str], *, path: str, is_file: bool = False
) -> NoReturn:
    """Run a program as `__main__` and end the process as the interpreter would."""
    namespace = _fresh_main(filename if is_file else None)
    sys.argv = arguments
    sys.path.insert(0, path)
    _forget_shadowed(path)
    if filename == SCRIPT or (not is_file and sys.version_info >= _REMEMBERS):
        _remember(source, filename)
    _leave(_execute(lambda: _compile_and_run(source, filename, namespace)), namespace)


def run_module(name: str, arguments: list[str]) -> NoReturn:
    """Do what `python -m name` does."""
    sys.argv = ["-m", *arguments]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a string is wanted
    namespace = _fresh_main(None)
    runner = runpy._run_module_as_main  # pyright: ignore[reportAttributeAccessIssue]
    _leave(_execute(lambda: runner(name, True)), namespace)


def run_session(channel: socket.socket) -> NoReturn:
    """Run cells from a channel, one datagram with output and source each, until it closes."""
    namespace = _fresh_main(None)
    sys.argv = [""]
    sys.path.insert(0, "")
    _forget_shadowed("")
    number = 0
    while True:
        message, fds = wire.receive(channel, _LARGEST_DATAGRAM, 2)
        if not message:
            os._exit(0)
        number += 1
        output, body = fds
        source = read_all(body)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        if sys.stdout.closed or sys.stderr.closed:
            _open_streams()
        code = run_cell(source, f"<cell {number}>", namespace)
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(null, stream)
        os.close(null)
        channel.send(json.dumps({"code": code}).encode())


def run_cell(source: bytes, filename: str, namespace: dict[str, Any]) -> int:
    """Run one cell and show the value of a trailing expression, as a notebook does; return its status."""
    _remember(source, filename)
    return abs(_execute(lambda: _run_statements(source, filename, namespace)))


def read_all(fd: int) -> bytes:
    """Read a file from its start to its end, and close it."""
    with open(fd, "rb", buffering=0) as file:
        file.seek(0)
        return file.read()


def _fresh_main(filename: str | None) -> dict[str, Any]:
    """Make a `__main__` with what the interpreter puts into one, in its order."""
    module = types.ModuleType("__main__")
    names: dict[str, Any] = module.__dict__
    names["__loader__"] = importlib.machinery.BuiltinImporter
    if sys.version_info < (3, 14):
        names["__annotations__"] = {}
    names["__builtins__"] = builtins
    if filename is not None:
        names["__loader__"] = importlib.machinery.SourceFileLoader("__main__", filename)
        names["__file__"] = filename
        names["__cached__"] = None
    sys.modules["__main__"] = module
    return names


def _remember(source: bytes, filename: str) -> None:
    """Let tracebacks quote a source that is in no file."""
    lines = source.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)


def _compile_and_run(source: bytes, filename: str, namespace: dict[str, Any]) -> None:
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)


def _run_statements(source: bytes, filename: str, namespace: dict[str, Any]) -> None:
    tree = ast.parse(source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, filename, "exec", dont_inherit=True), namespace)
    if isinstance(last, ast.Expr):
        code = compile(ast.Expression(last.value), filename, "eval", dont_inherit=True)
        sys.displayhook(eval(code, namespace))


def _execute(run: Callable[[], object]) -> int:
    """Call `run`; print what it raises without our own frames, and return the exit status."""
    try:
        run()
    except SystemExit as stop:
        return _exit_status(stop.code)
    except KeyboardInterrupt as error:
        _report(error)
        return -signal.SIGINT
    except BaseException as error:  # noqa: BLE001 - whatever the agent raised is output
        _report(error)
        return 1
    return 0


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    with contextlib.suppress(BaseException):
        print(code, file=sys.stderr)  # noqa: T201
    return 1


def _report(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    try:
        if sys.excepthook is not sys.__excepthook__ or not _only_remembered(error):
            sys.excepthook(type(error), error, trace)
            return
        # Up to Python 3.12 the default hook does not ask `linecache` for the source.
        traceback.print_exception(error)
    except BaseException:  # noqa: BLE001 - the agent's own hook, or a stream it has closed
        with contextlib.suppress(BaseException), open(2, "w", closefd=False) as stream:
            traceback.print_exception(error, file=stream)


def _only_remembered(error: BaseException) -> bool:
    """Whether the program's source is a script or cell that is in no file."""
    name = error.filename if isinstance(error, SyntaxError) else None
    if error.__traceback__ is not None:
        name = error.__traceback__.tb_frame.f_code.co_filename
    return name is not None and name.startswith((SCRIPT, "<cell "))


def _leave(status: int, namespace: dict[str, Any]) -> NoReturn:
    """End as the interpreter does: join threads, run exit handlers, close files, flush."""
    for step in (
        threading._shutdown,  # pyright: ignore[reportAttributeAccessIssue]
        atexit._run_exitfuncs,
        namespace.clear,
        gc.collect,
        lambda: sys.stdout.flush(),
        lambda: sys.stderr.flush(),
    ):
        with contextlib.suppress(BaseException):
            step()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)
