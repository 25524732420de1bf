"""Second stage: import the stack once, then fork one walled episode per request.

Run inside the new root by `root.py`. It holds nothing that an agent may not read: it started with a clean
environment in a root without the host's files, and all it ever receives are limits and directory names.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

import episode
import files
import imports
import init
import landlock
import proc
import processes
import root
import runner
import shells
import shim
import syscall_filter
import syscalls

_LARGEST_DATAGRAM = 1 << 20
_OURS = (
    episode,
    files,
    init,
    landlock,
    proc,
    processes,
    root,
    runner,
    shells,
    shim,
    syscall_filter,
    syscalls,
)


def main() -> None:
    """Warm up, report, serve until the host closes the socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    config = json.loads(control.recv(_LARGEST_DATAGRAM))
    try:
        skipped = _load(config)
    except BaseException:  # noqa: BLE001 - the host wants to know whatever it was
        control.send(
            json.dumps({"failed": "imports", "message": traceback.format_exc()[-4000:]}).encode()
        )
        os._exit(1)
    control.send(json.dumps({"ready": True, "skipped": skipped}).encode())
    _silence()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the episodes
    _serve(control, config)


def _load(config: dict[str, Any]) -> list[str]:
    """Hide our modules, import the stack, and return the modules that are not installed."""
    sys.path[:] = [path for path in sys.path if path != config["code"]]
    for module in _OURS:  # an agent's own `files.py` must not find ours in its place
        del sys.modules[module.__name__]
    syscall_filter.program(os.uname().machine)
    proc.telltales()
    # Some libraries want a place for files when they are imported; no episode sees this one.
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=64m")
    skipped = imports.load(config["preload"])
    syscalls.unmount("/tmp")
    syscalls.unmount(config["code"])
    gc.collect()
    gc.freeze()
    return skipped


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.close(null)


def _serve(control: socket.socket, config: dict[str, Any]) -> None:
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    while True:
        message, fds, _, _ = socket.recv_fds(control, _LARGEST_DATAGRAM, 1, socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        channel = socket.socket(fileno=fds[0])
        try:
            # Going home first makes the next unshare legal again.
            syscalls.setns(own, syscalls.NEWPID)
            syscalls.unshare(syscalls.NEWPID, "pid namespace")
            child = os.fork()
        except OSError as error:
            control.send(json.dumps({"failed": str(error)}).encode())
            channel.close()
            continue
        if child == 0:
            control.close()
            os.close(own)
            _become_episode(channel, json.loads(message), config)
        channel.close()
        handle = os.pidfd_open(child)
        socket.send_fds(control, [b"{}"], [handle])
        os.close(handle)


def _become_episode(
    control: socket.socket, request: dict[str, Any], config: dict[str, Any]
) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        episode.enter(request, as_root=config["as_root"])
        os.environ.clear()
        os.environ.update(config["environment"])
        memory_limit = request["resources"]["memory_mb"] << 20
        process = init.Init(control, config["environment"], memory_limit)
        process.answer({"ready": True})
        process.serve()
    except BaseException:  # noqa: BLE001 - the host wants to know whatever it was
        with contextlib.suppress(OSError):
            control.send(json.dumps({"broken": traceback.format_exc()[-4000:]}).encode())
    os._exit(1)


if __name__ == "__main__":
    main()
