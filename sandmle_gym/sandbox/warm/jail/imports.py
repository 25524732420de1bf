"""Imports what the host asks for into the zygote, and says what this installation lacks."""

import importlib
import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any


def load(groups: list[dict[str, Any]]) -> list[str]:
    """Import every module of every group that is installed, and warm up the groups that are complete.

    Args:
        groups: `modules`, `warm_up` and `required` of each; see the host's `preload.py`.

    Returns:
        The modules that are not installed.

    Raises:
        ModuleNotFoundError: A required one is not.
        RuntimeError: A thread has been left behind; its copy in a fork would never run, and whoever
            waited for it would wait for good.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skipped = [
            name
            for group in groups
            for name in group["modules"]
            if not _import(name, required=group["required"])
        ]
    warm_up(groups)
    if threads() != 1:
        raise RuntimeError(
            f"{threads()} threads after the imports: {os.environ.get('OMP_NUM_THREADS')=}; a fork of "
            "this process could hang. Leave out the module or the warm-up that starts them"
        )
    return sorted(set(skipped))


def warm_up(groups: list[dict[str, Any]]) -> None:
    """Run the programs of all groups whose modules are all there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in groups:
            if all(name in sys.modules for name in group["modules"]):
                exec(group["warm_up"], {"__name__": "warm_up"})


def threads() -> int:
    """Count the threads of this process."""
    return len(list(Path("/proc/self/task").iterdir()))


def _import(name: str, *, required: bool) -> bool:
    """Import a module; False where it, or the package around it, is not installed."""
    parts = name.split(".")
    ancestry = (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    if not required and any(importlib.util.find_spec(each) is None for each in ancestry):
        return False
    importlib.import_module(name)
    return True
