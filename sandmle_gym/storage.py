"""What this machine keeps of tasks: in memory, on the disk, and public files where sandboxes bind them."""

import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from sandmle_gym.cache import cache_root

if TYPE_CHECKING:
    from sandmle_gym.bundle import TaskBundle

MEMORY_BYTES = 256 * 2**20
"""What a shelf holds at most."""

Item = TypeVar("Item")


class Shelf(Generic[Item]):
    """Tasks in memory, bounded by their bytes: a table has 0.3 MB, a task of images may have 10."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, tuple[Item, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Item | None:
        """Return what was put there under a name, unless it had to make room."""
        with self._lock:
            if name not in self._items:
                return None
            self._items.move_to_end(name)
            return self._items[name][0]

    def put(self, name: str, item: Item, size: int) -> None:
        """Keep something of so many bytes; what was asked for last stays."""
        with self._lock:
            self._items[name] = item, size
            while len(self._items) > 1 and sum(s for _, s in self._items.values()) > MEMORY_BYTES:
                self._items.popitem(last=False)


def public_root() -> Path:
    """Return the folder below which all public files lie: all that a sandbox may ever bind."""
    folder = cache_root() / "public"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(bundle: "TaskBundle", folder: Path) -> None:
    """Save a task unless another process has just done the same."""
    try:
        bundle.save(folder)
    except OSError:
        if not folder.is_dir():
            raise


def publish(bundle: "TaskBundle") -> Path:
    """Write the public files where sandboxes may bind them, whole or not at all, once; return the folder."""
    digest = bundle.digest  # hashes the whole content, so once and not for every file
    folder = public_root() / digest
    if not folder.is_dir():
        kept = cache_root() / "tasks" / digest / "public"
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=public_root()))
        for name, data in bundle.public.items():
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _one_copy(kept / name, path, data)
            path.chmod(0o644)  # the bind is read-only; a copy that an agent makes must not be
        staging.chmod(0o755)
        try:
            staging.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(staging, ignore_errors=True)
    return folder


def _one_copy(kept: Path, path: Path, data: bytes) -> None:
    """Share the file of a task that the cache holds already; images would else lie there twice."""
    try:
        path.hardlink_to(kept)
    except OSError:  # not kept, or on a file system without hard links
        path.write_bytes(data)
