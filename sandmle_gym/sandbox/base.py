"""The sandbox contract: files and commands in, values out; it knows nothing of tasks.

A `Backend` is one machine-wide facility (a zygote, a container, nothing at all). It opens `Sandbox`es,
one per episode. Whatever agent code does comes back as a value; `SandboxError` means that *we* broke.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

Kind = Literal["bash", "python", "cell"]
"""How a source text runs: by `bash -c`, as a fresh Python script, or as a cell of the episode's
stateful Python session (variables survive from cell to cell)."""

Status = Literal["exited", "timeout", "output_limit", "dead"]
"""How a command ended. `exited`: by itself or by a signal (see `exit_code`). `timeout`, `output_limit`:
we killed it. `dead`: the episode's world is gone because its own processes exhausted its limits, or
by `Sandbox.kill`; every later call answers `dead` as well."""

FileProblem = Literal["missing", "not_regular", "too_large", "unreadable", "dead"]


@dataclass(frozen=True)
class Resources:
    """What one episode may use. A backend that cannot enforce one says so in `Probe.notes`."""

    memory_mb: int = 1024
    """Memory of one process, and of all together, beyond what the warm interpreter maps, in MiB."""
    disk_mb: int = 64
    """All files of the episode together (working directory, /tmp, /dev/shm), in MiB."""
    inodes: int = 4096
    """Files and directories of the episode together."""
    cpu_seconds: int = 600
    """CPU time of one command, all its processes together, in seconds."""
    processes: int = 64
    """Processes and threads alive at once."""
    open_files: int = 256
    """File descriptors of one process."""
    flood_mb: int = 8
    """Output of one command beyond which it is killed, in MiB."""


@dataclass(frozen=True)
class ExecResult:
    """What one command did. Standard output and error are interleaved as they were written."""

    status: Status
    exit_code: int | None
    """Exit status; negative: killed by that signal; None unless `status` is `exited`."""
    head: bytes
    """The first bytes of the output (all of it where `dropped` is 0)."""
    tail: bytes = b""
    """The last bytes of the output, empty where `dropped` is 0 or the output limit was hit."""
    dropped: int = 0
    """How many bytes between head and tail were left out."""
    seconds: float = 0.0
    """Wall time inside the sandbox, without any queue."""
    queued: float = 0.0
    """Wall time before that, until a processor was free for it."""

    @property
    def ok(self) -> bool:
        """True when the command ended by itself with status 0."""
        return self.status == "exited" and self.exit_code == 0


@dataclass(frozen=True)
class Fetched:
    """A file taken out of the sandbox, or why there is none."""

    data: bytes | None
    problem: FileProblem | None = None


@dataclass(frozen=True)
class Probe:
    """What a backend can do on this machine."""

    backend: str
    available: bool
    isolated: bool
    """True only if agent code cannot reach the host: its files, processes and network."""
    reason: str = ""
    """Why it is not available, and what to do about it; empty when it is."""
    layers: tuple[str, ...] = ()
    """Layers in force, in words ("pid namespace", "seccomp filter" …)."""
    notes: tuple[str, ...] = ()
    """Limits that are weaker here than they could be, and why."""


class Sandbox(ABC):
    """The world of one episode: a working directory, processes, limits. Not thread-safe, but for `kill`."""

    @abstractmethod
    def run(
        self, kind: Kind, source: str, *, seconds: float, keep_bytes: int = 65536
    ) -> ExecResult:
        """Run a source text in the episode's working directory and wait for its end.

        Nothing that a command started outlives it, except the state of the Python session for `cell`.

        Args:
            kind: How to run it; see `Kind`.
            source: Source text; any Unicode string, NUL bytes included, is a value, not an error.
            seconds: Wall-clock limit, > 0 and finite.
            keep_bytes: How much output to keep (half head, half tail), >= 0.

        Raises:
            TypeError, ValueError: An argument is of the wrong type or out of its range.
            SandboxError: The sandbox broke through no fault of the command.
        """

    @abstractmethod
    def put(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write files into the working directory, names relative to it, without `..`.

        Returns:
            The names that could not be written because of the episode's own doings (a full disk, a
            directory in the way, its death).

        Raises:
            TypeError: A name is no text, or a content no bytes; nothing was written.
            ValueError: A name would leave the working directory, or is none; nothing was written.
            SandboxError: The sandbox broke.
        """

    @abstractmethod
    def get(self, name: str, *, max_bytes: int) -> Fetched:
        """Read a regular file of the working directory without following links or blocking.

        Raises:
            TypeError, ValueError: As for the names of `put`; `max_bytes` is negative.
            SandboxError: The sandbox broke.
        """

    def kill(self) -> None:
        """End every process of the episode at once, from any thread; a command that is running is `dead`.

        Calling it twice, or beside and after `close`, is fine; it drops no files. A backend that does
        not override it lets the command run to its end.
        """
        return

    @abstractmethod
    def close(self) -> None:
        """End every process of the episode and drop its files; calling it twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Backend(ABC):
    """A way to isolate code. Thread-safe; one object serves all episodes of a process."""

    name: str
    isolated: bool
    public_root: Path | None = None
    """Directory below which all public files lie; None: it shows none."""

    @property
    def alive(self) -> bool:
        """Whether it can still open episodes; `get_backend` replaces one that cannot."""
        return True

    @classmethod
    @abstractmethod
    def probe(cls) -> Probe:
        """Say what this backend offers on this machine, by trying it in a child process."""

    @abstractmethod
    def open(self, public: Path | None = None, resources: Resources | None = None) -> Sandbox:
        """Open a fresh episode.

        A backend may do so only with the first `run`, `put` or `get`, which then raises what went wrong.

        Args:
            public: A directory whose files appear, read-only, in the working directory. It is bound,
                not copied, and must lie below the root that the backend was created with.
            resources: Limits of this episode.

        Raises:
            SandboxError: The backend broke or cannot isolate here.
        """

    @abstractmethod
    def close(self) -> None:
        """End every episode and the backend itself; calling it twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
