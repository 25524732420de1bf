"""Finds backends by name and shares one of each kind per process."""

import atexit
import inspect
import os
import threading
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError, UnknownNameError, UserError
from sandmle_gym.sandbox.base import Backend, Probe
from sandmle_gym.sandbox.docker import DockerBackend
from sandmle_gym.sandbox.local import LocalBackend
from sandmle_gym.sandbox.warm import WarmBackend

_KINDS: dict[str, type[WarmBackend] | type[LocalBackend]] = {
    "warm": WarmBackend,
    "docker": DockerBackend,
    "local": LocalBackend,
}
_AUTO = ("warm", "docker")
"""What "auto" tries, best first: both isolate, and `docker` needs a daemon and an image."""
_lock = threading.Lock()
_Options = tuple[tuple[str, Any], ...]
_shared: dict[tuple[str, Path | None, _Options], Backend] = {}


def get_backend(name: str = "auto", *, public_root: Path | None = None, **options: Any) -> Backend:
    """Return this process's shared backend of a kind, started on first use and closed at exit.

    Args:
        name: "warm", "docker", "local" (no isolation at all), or "auto": the first of warm and docker
            that isolates here. A forked child gets a backend of its own; one that has died is replaced.
        public_root: Directory below which the public files of all episodes lie.
        options: Keyword arguments of the backend's class; other options, other backend. With "auto", what
            its first choice takes.

    Raises:
        UnknownNameError: No backend has this name, or it has no such option.
        IsolationUnavailableError: This machine cannot isolate; "auto" never falls back to less.
    """
    if name != "auto" and name not in _KINDS:
        raise UnknownNameError("sandbox", name, ["auto", *_KINDS])
    root = None if public_root is None else public_root.resolve()
    chosen = _checked(_AUTO[0] if name == "auto" else name, options)
    if name != "auto":
        return _get(name, root, chosen)
    reasons = []
    running = [kind for kind in _AUTO if (kind, root, chosen) in _shared]
    for kind in running or _AUTO:
        try:
            return _get(kind, root, chosen)
        except IsolationUnavailableError as error:
            reasons.append(f"{kind}: {error}")
    raise IsolationUnavailableError(
        f"no isolation on this machine ({'; '.join(reasons)}). `sandmle doctor` tells more; "
        'sandbox="local" runs agent code unprotected, for debugging only'
    )


def option_names(kind: str) -> tuple[str, ...]:
    """Name the options of a backend: what its class takes by keyword."""
    parameters = inspect.signature(_KINDS[kind]).parameters.values()
    return tuple(each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY)


def _checked(kind: str, options: dict[str, Any]) -> _Options:
    """Make options comparable, so that equal ones share a backend."""
    known = option_names(kind)
    for name, value in options.items():
        if name not in known:
            raise UnknownNameError(f"option of the sandbox {kind}", name, known)
        if isinstance(value, list):
            options = options | {name: tuple(value)}
        elif value.__hash__ is None:
            raise UserError(f"the option {name} of a sandbox cannot be a {type(value).__name__}")
    return tuple(sorted(options.items()))


def _get(kind: str, public_root: Path | None, options: _Options) -> Backend:
    key = (kind, public_root, options)
    with _lock:
        backend = _shared.get(key)
        if backend is not None and backend.alive:
            return backend
        if backend is not None:
            backend.close()
        backend = _shared[key] = _KINDS[kind](public_root, **dict(options))
        return backend


def backend_path(name: str) -> str:
    """Return a backend as `module:class`, given so or by a name of ours, for `conformance.Ring`.

    Raises:
        UnknownNameError: No backend has this name.
    """
    if ":" in name:
        return name
    if name not in _KINDS:
        raise UnknownNameError("sandbox", name, _KINDS)
    return f"{_KINDS[name].__module__}:{_KINDS[name].__qualname__}"


def probe_all() -> list[Probe]:
    """Ask every backend what it offers on this machine."""
    return [kind.probe() for kind in _KINDS.values()]


def _close_all() -> None:
    for backend in _shared.values():
        backend.close()
    _shared.clear()


def _after_fork() -> None:
    """Forget the parent's backends in a forked child; a lock copied while held would never open."""
    global _lock
    _lock = threading.Lock()
    _shared.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
