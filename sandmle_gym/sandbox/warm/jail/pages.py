"""The zygote's memory, arranged so that its forks copy as little of it as can be.

A fork shares all pages until either side writes, and each first write to one costs some microseconds. For
the heap that means: what a run allocates should lie together, not in the holes between what the imports
left. And a fork that waits for its program has the time to take those writes in advance.
"""

import array
import ctypes
import mmap
import os
import select
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import syscalls

_POPULATE_READ, _POPULATE_WRITE = 22, 23
"""Arguments of madvise(2), Linux 5.14."""
_PRESENT, _EXCLUSIVE = 1 << 63, 1 << 56
"""Bits of an entry of /proc/self/pagemap: it is in memory, and in that of no other process."""
_SMALLEST, _LARGEST, _STEP = 24, 1 << 22, 16
_SMALL = 1032
"""Up to here glibc keeps lists of free blocks by exact size."""
_AT_ONCE = 16
"""Ranges that are populated between two looks at whether it is enough: 0.2 ms."""
_NEAR = 1
"""Pages between two that are written, below which they are taken as one range."""


class _Information(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = (
        ("arena", ctypes.c_size_t),
        ("counts", ctypes.c_size_t * 8),
        ("keepcost", ctypes.c_size_t),  # bytes of the fresh end
    )


def plug() -> None:
    """Fill the holes of the heap for good, so that forks allocate from its fresh end.

    Does nothing without glibc 2.33, or with another allocator than malloc.
    """
    libc = syscalls.libc
    if not hasattr(libc, "mallinfo2"):
        return
    libc.mallinfo2.restype = _Information
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.sbrk.argtypes = [ctypes.c_ssize_t]
    fresh = libc.sbrk(0) - libc.mallinfo2().keepcost
    for size in _sizes():
        while (block := libc.malloc(size)) is not None and block < fresh:
            pass
        libc.free(block)


def merge() -> None:
    """Make one mapping of what lies side by side in a library, as a fork and its end pay for each.

    A loader maps five pieces of each of hundreds of files; headers, code and constants differ only in that
    code may be executed. What we take back here keeps a program's errors from its own memory, no program
    from another's. What the loader wrote and then closed stays closed: the zygote shares it with all.
    """
    pieces = [_Piece.parse(line) for line in Path("/proc/self/maps").read_text().splitlines()]
    first, *others = pieces  # none goes on in itself
    for before, piece, after in zip([first, *pieces], pieces, [*others, first], strict=False):
        code_follows = piece.goes_on_in(after) and after.rights == "r-xp"
        code_precedes = before.goes_on_in(piece) and before.rights == "r-xp"
        if piece.rights == "r--p" and (code_follows or code_precedes):
            _make_executable(piece)


class _Piece(NamedTuple):
    """A line of /proc/self/maps."""

    start: int
    end: int
    rights: str
    offset: int
    name: str

    @classmethod
    def parse(cls, line: str) -> "_Piece":
        span, rights, offset, _, _, *name = line.split(maxsplit=5)
        start, end = (int(part, 16) for part in span.split("-"))
        return cls(start, end, rights, int(offset, 16), name[0] if name else "")

    def goes_on_in(self, other: "_Piece") -> bool:
        """Say whether the other one continues this one, in memory and in the file."""
        shift = self.start - self.offset
        together = self.end == other.start and shift == other.start - other.offset
        return together and self.name == other.name and self.name.startswith("/")


def _make_executable(piece: _Piece) -> None:
    """Change the rights of a piece; where the kernel refuses, it stays as it is."""
    size = ctypes.c_size_t(piece.end - piece.start)
    rights = mmap.PROT_READ | mmap.PROT_EXEC
    syscalls.libc.mprotect(ctypes.c_void_p(piece.start), size, rights)


def _sizes() -> Iterator[int]:
    size = _LARGEST
    while size > _SMALL:
        yield size
        size = size * 2 // 3
    yield from range(_SMALL, _SMALLEST - 1, -_STEP)


Ranges = list[tuple[int, int, int]]
"""Start, length and kind (`_POPULATE_READ` or `_POPULATE_WRITE`) of pieces of memory."""


def touched(work: Callable[[], object]) -> Ranges:
    """Do something in a fork, and return which of our pages it wrote, or read from files."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
            numbers = array.array("Q", [number for piece in _changed() for number in piece])
            with os.fdopen(writer, "wb") as file:
                file.write(numbers.tobytes())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        numbers = array.array("Q", file.read())
    os.waitpid(child, 0)
    return list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


def populate(ranges: Ranges, *, until: int) -> None:
    """Take the page faults of these ranges now, or as many as there is time for.

    What is not mapped any more is no error. All of them take 20 ms, longer than a small program, which
    needs few of them; so it ends when descriptor `until` is readable.
    """
    poll = select.poll()
    poll.register(until, select.POLLIN)
    madvise = syscalls.libc.madvise
    for some in range(0, len(ranges), _AT_ONCE):
        if poll.poll(0):
            return
        for start, length, kind in ranges[some : some + _AT_ONCE]:
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), kind)


def _changed() -> Iterator[tuple[int, int, int]]:
    """Yield the ranges of this fork that are its own, or that it has read from files."""
    with (
        Path("/proc/self/maps").open() as maps,
        Path("/proc/self/pagemap").open("rb", 0) as pagemap,
    ):
        for line in maps.read().splitlines():
            span, rights, _, _, node, *_ = line.split()
            start, end = (int(part, 16) // mmap.PAGESIZE for part in span.split("-"))
            from_file = node != "0" and "w" not in rights
            if not from_file and "w" not in rights:
                continue
            pagemap.seek(start * 8)
            entries = array.array("Q", pagemap.read((end - start) * 8))
            wanted = _PRESENT if from_file else _PRESENT | _EXCLUSIVE
            pages = (start + i for i, entry in enumerate(entries) if entry & wanted == wanted)
            kind = _POPULATE_READ if from_file else _POPULATE_WRITE
            for first, last in _runs(pages):
                yield first * mmap.PAGESIZE, (last - first + 1) * mmap.PAGESIZE, kind


def _runs(pages: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join rising numbers that are near one another; yield the first and last of each run."""
    first = last = None
    for page in pages:
        if first is None or last is None or page - last > 1 + _NEAR:
            if first is not None and last is not None:
                yield first, last
            first = page
        last = page
    if first is not None and last is not None:
        yield first, last
