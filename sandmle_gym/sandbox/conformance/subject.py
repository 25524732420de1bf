"""What a check is, and what it may work with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandmle_gym.sandbox.base import Backend, ExecResult, Kind, Resources, Sandbox

PUBLIC_FILES = {"train.csv": b"id,x\n1,2\n", "sample.csv": b"id,y\n1,0\n"}
SECRET = "canary-5d41402abc4b2a76"
"""What no agent may ever print."""


class Subject:
    """One backend under test, started on first use and closed with `close`."""

    def __init__(self, make: Callable[[Path], Backend], root: Path) -> None:
        """Prepare.

        Args:
            make: Makes a backend for a public root.
            root: An empty directory of the host that everybody may enter; its files are the bait.
        """
        self.make = make
        self.root = root
        self.public_root = root / "public"
        self.mine = self.public_root / "mine"
        self.other = self.public_root / "other"
        self.secret = root / "secret" / "answers.csv"
        for directory in (self.mine, self.other, self.secret.parent):
            directory.mkdir(parents=True)
        self.secret.write_text(SECRET)
        self.secret.chmod(0o644)
        for directory in (self.public_root, *root.rglob("*/")):
            directory.chmod(0o755)
        self.restore_public_files()

    def restore_public_files(self) -> None:
        """Write the public files anew, and remove what else lies there."""
        wanted = {self.mine / name: data for name, data in PUBLIC_FILES.items()}
        wanted[self.other / "train.csv"] = SECRET.encode()
        for path in sorted(self.public_root.rglob("*"), reverse=True):
            if path not in wanted and path not in (self.mine, self.other):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for path, data in wanted.items():
            path.write_bytes(data)
            path.chmod(0o644)

    @cached_property
    def backend(self) -> Backend:
        """The backend that all checks share."""
        return self.make(self.public_root)

    def open(self, resources: Resources | None = None) -> Sandbox:
        """Open an episode with public files."""
        return self.backend.open(self.mine, resources)

    def run(self, kind: Kind, source: str, *, seconds: float = 60.0) -> ExecResult:
        """Run one command in an episode of its own."""
        with self.open() as sandbox:
            return sandbox.run(kind, source, seconds=seconds)

    def close(self) -> None:
        """Close the shared backend if there is one."""
        if "backend" in self.__dict__:
            self.backend.close()


@dataclass(frozen=True)
class Check:
    """One law."""

    name: str
    law: str
    run: Callable[[Subject], None]
    isolation: bool
    """Whether the law is about isolation; such a check attacks the sandbox."""


_checks: list[Check] = []


def check(*, isolation: bool = False) -> Callable[[Callable[[Subject], None]], Callable[..., None]]:
    """Register a function as a check; its docstring is the law."""

    def register(function: Callable[[Subject], None]) -> Callable[[Subject], None]:
        law = (function.__doc__ or "").strip()
        _checks.append(Check(function.__name__, law, function, isolation))
        return function

    return register


def registered() -> tuple[Check, ...]:
    """Return all checks."""
    return tuple(_checks)


def text(result: ExecResult) -> str:
    """Return the output of a command that ended well."""
    assert result.ok, f"{result.status} {result.exit_code}: {shown(result)}"
    return shown(result)


def shown(result: ExecResult) -> str:
    """Return the output of a command."""
    return (result.head + result.tail).decode(errors="replace")


def assert_silent(result: ExecResult) -> None:
    """Check that a command ended well and had nothing to report."""
    assert text(result) == "", shown(result)
