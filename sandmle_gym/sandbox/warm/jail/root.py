"""First stage: leave the host's namespaces, build a minimal read-only root, and start the gate in it.

Run as `python root.py CONTROL_FD`; the configuration (see `plan.py`) is the first datagram on that socket.
This process stays behind as the parent of the gate, which is pid 1 of a pid namespace: when the gate
dies, the kernel kills the zygote and every episode. A layer that fails is reported on the socket by name;
which of the optional ones are in force is in the root's /etc/walls.json.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cgroups
import landlock
import syscalls

STAGE = "/proc"
"""Where the new root is put together: a directory that every machine has and nothing is bound from."""
DEVICES = ("null", "zero", "full", "random", "urandom")
MOUNT_POINTS = (
    "dev/shm",
    "etc",
    "tmp",
    "work",
    "data",
    "public",
    "box",
    "proc",
    "run",
    "absent",
    "empty",
    "old",
)
COMPILED = "compiled"
"""Name of the compiled shim until it has been tried."""
LINKS = {
    "dev/fd": "/proc/self/fd",
    "dev/stdin": "/proc/self/fd/0",
    "dev/stdout": "/proc/self/fd/1",
    "dev/stderr": "/proc/self/fd/2",
}
FILES = {
    "empty.file": "",
    "absent/__init__.py": "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n",
    "etc/passwd": "root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/work:/bin/bash\n",
    "etc/group": "root:x:0:\nagent:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost sandbox\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def main() -> None:
    """Build the root and become the parent of the gate."""
    control = socket.socket(fileno=int(sys.argv[1]))
    config = json.loads(control.recv(1 << 20, socket.MSG_PEEK))  # the zygote reads it again
    cage, walls = _cage(config["cage"])
    layer = "namespaces"
    try:
        _leave_namespaces(as_root=config["as_root"])
        layer = "fork"
        child = os.fork()
        if child:
            control.close()
            os.waitpid(child, 0)
            if cage is not None:
                cage.remove()
            os._exit(0)
        syscalls.die_with_parent(signal.SIGKILL)
        FILES["etc/walls.json"] = json.dumps(walls)
        layer = "cgroups"
        if cage is not None:
            cage.enter()
        syscalls.unshare(syscalls.NEWCGROUP, "cgroup namespace")  # its root is where we are now
        for layer, build in _steps(config):  # noqa: B007 - named for the report below
            build()
    except OSError as error:
        report = {"failed": layer, "errno": error.errno, "message": str(error)}
        control.recv(1 << 20)  # what we leave unread would cost the host our report
        control.send(json.dumps(report).encode())
        if cage is not None:
            cage.remove()
        os._exit(1)
    control.set_inheritable(True)
    code = f"{config['code']}/gate.py"
    command = [config["python"], "-E", "-s", "-S", code, str(control.fileno())]
    os.execve(config["python"], command, config["environment"])


def _cage(caps: dict[str, Any] | None) -> tuple[cgroups.Cage | None, dict[str, Any]]:
    """Make control groups for the zygote; where there are none, say why and go on without."""
    walls: dict[str, Any] = {"landlock": landlock.abi()}
    if caps is None:
        return None, walls
    try:
        cage = cgroups.Cage({"memory": caps["memory"], "pids": caps["pids"]}, caps["below"])
    except OSError as error:
        return None, walls | {"no_cgroups": str(error)}
    return cage, walls | {"cgroups": str(cage)}


def _leave_namespaces(*, as_root: bool) -> None:
    flags = syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWUTS | syscalls.NEWNET
    flags |= syscalls.NEWPID
    if as_root:
        syscalls.unshare(flags, "namespaces")
        return
    user, group = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.NEWUSER, "user namespace")
    map_identity(user, group, inside=0)
    syscalls.unshare(flags, "namespaces in a user namespace")


def map_identity(user: int, group: int, *, inside: int) -> None:
    """Let one outer user and group appear as `inside` in this fresh user namespace."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")


def _steps(config: dict[str, Any]) -> list[tuple[str, Callable[[], None]]]:
    return [
        ("host name", lambda: socket.sethostname("sandbox")),
        ("root on tmpfs", _mount_stage),
        ("read-only binds", lambda: _bind_all(config)),
        ("shim", lambda: _write_shim(config)),
        ("devices", lambda: _bind_devices(config["devices"])),
        ("masks", lambda: _mask(config["masks"])),
        ("proc", _mount_proc),
        ("pivot_root", _pivot),
        ("compiled shim", lambda: _choose_shim(config)),
        ("read-only root", _close_root),
    ]


def _mount_stage() -> None:
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", STAGE, "tmpfs", flags, "size=4m,mode=755")
    for name in MOUNT_POINTS:
        Path(STAGE, name).mkdir(parents=True, mode=0o755)
    for name, target in LINKS.items():
        Path(STAGE, name).symlink_to(target)
    for name, text in FILES.items():
        Path(STAGE, name).write_text(text)


def _bind_all(config: dict[str, Any]) -> None:
    for source, target in config["binds"]:
        place = STAGE + target
        if Path(source).is_symlink():
            _parent(place).joinpath(Path(place).name).symlink_to(Path(source).readlink())
            continue
        _make_like(Path(source), Path(place))
        syscalls.bind_read_only(source, place)


def _write_shim(config: dict[str, Any]) -> None:
    """Put `shim.py` where shells look for `python`, and the compiled one beside it, to be tried."""
    text = Path(__file__).with_name("shim.py").read_text()
    folder = Path(STAGE + config["shims"])
    folder.mkdir(parents=True)
    shim = folder / "python"
    shim.write_text(f"#!{config['python']} -IS\n{text}")
    shim.chmod(0o755)
    folder.joinpath("python3").symlink_to("python")
    lines = [f"{name}={value}\n" for name, value in config["environment"].items()]
    Path(STAGE, "etc/environment").write_text("".join(lines))
    Path(STAGE, "etc/python").symlink_to(config["python"])
    if config["compiled_shim"] is not None:
        with contextlib.suppress(OSError):  # whoever owns the cache may have cleared it
            compiled = folder / COMPILED
            compiled.write_bytes(Path(config["compiled_shim"]).read_bytes())
            compiled.chmod(0o755)


def _choose_shim(config: dict[str, Any]) -> None:
    """Let the compiled shim take the place of `shim.py` if it runs here, where libraries may be others."""
    compiled = Path(config["shims"], COMPILED)
    if not compiled.exists():
        return
    null = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    try:
        command = [str(compiled), "--version"]
        child = os.posix_spawn(compiled, command, config["environment"], file_actions=null)
        status = os.waitpid(child, 0)[1]
    except OSError:
        status = 1
    if status == 0:
        compiled.rename(compiled.with_name("python"))
    else:
        compiled.unlink()


def _parent(place: str) -> Path:
    parent = Path(place).parent
    parent.mkdir(parents=True, exist_ok=True)
    return parent


def _make_like(source: Path, place: Path) -> None:
    if source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        _parent(str(place))
        place.touch()


def _bind_devices(more: list[str]) -> None:
    for source in [*(f"/dev/{name}" for name in DEVICES), *more]:
        _make_like(Path(source), Path(STAGE + source))
        syscalls.bind(source, STAGE + source)


def _mask(paths: list[str]) -> None:
    """Cover directories and files with empty read-only ones.

    An empty directory would still be importable, as a namespace package; so our own package is covered
    with one whose import fails as if nothing were there.
    """
    for path in paths:
        place = Path(STAGE + path)
        if place.is_dir():
            cover = "absent" if place.name.startswith("sandmle_") else "empty"
            syscalls.bind_read_only(f"{STAGE}/{cover}", str(place))
        elif place.exists():
            syscalls.bind_read_only(f"{STAGE}/empty.file", str(place))


def _mount_proc() -> None:
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", f"{STAGE}/proc", "proc", flags)


def _pivot() -> None:
    os.chdir(STAGE)
    syscalls.pivot_root(".", "old")
    os.chdir("/")
    syscalls.unmount("/old")
    Path("/old").rmdir()


def _close_root() -> None:
    # Only the root itself: what hangs below keeps its own flags.
    syscalls.mount(
        None, "/", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | _STRICT
    )


_STRICT = syscalls.MS_NOSUID | syscalls.MS_NODEV

if __name__ == "__main__":
    main()
