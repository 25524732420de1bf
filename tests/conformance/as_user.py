"""Run a module as an ordinary user: `python as_user.py MODULE [ARGUMENT ...] DIRECTORY`.

Started by root; the directory becomes the user's own. In a mount namespace of its own it first makes the
interpreter and the checkout reachable where they lie below directories that only root may enter, then gives
up root for good.
"""

import ctypes
import os
import runpy
import stat
import sys
from pathlib import Path

NOBODY = 65534
ASIDE = Path("/mnt")
"""A directory that every machine has and that nobody needs here."""
_NEWNS, _BIND, _PRIVATE = 0x20000, 4096 | 16384, 16384 | 1 << 18


def main() -> None:
    directory = Path(sys.argv[-1])
    needed = [
        Path(sys.prefix),
        Path(sys.base_prefix).resolve(),
        Path(__file__).parents[2],
        directory,
    ]
    open_the_way(needed)
    os.chown(directory, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.environ.update(
        dict.fromkeys(("HOME", "TMPDIR", "SANDMLE_CACHE", "SANDMLE_RUNTIME"), str(directory))
    )
    ctypes.CDLL(None).prctl(4, 1)  # dumpable again: /proc/self is ours
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def open_the_way(needed: list[Path]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
        arguments = (source.encode(), os.fsencode(target), kind.encode(), flags, data.encode())
        if libc.mount(*arguments):
            raise OSError(ctypes.get_errno(), f"mount {source} on {target}")

    if libc.unshare(_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", Path("/"), "", _PRIVATE)
    closed = {first for path in needed if (first := first_closed(path)) is not None}
    for top in closed:
        mount("tmpfs", ASIDE, "tmpfs", 0)
        below = {}
        for number, path in enumerate(path for path in needed if path.is_relative_to(top)):
            below[path] = ASIDE / str(number)
            below[path].mkdir()
            mount(str(path), below[path], "", _BIND)
        mount("tmpfs", top, "tmpfs", 0, "mode=755")
        for path, aside in below.items():
            path.mkdir(parents=True)
            mount(str(aside), path, "", _BIND)


def first_closed(path: Path) -> Path | None:
    for place in (*reversed(path.parents), path):
        if not place.stat().st_mode & stat.S_IXOTH:
            return place
    return None


if __name__ == "__main__":
    main()
