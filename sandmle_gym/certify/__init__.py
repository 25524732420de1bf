"""Prove that a task is solvable, not gameable and graded in steps that are really apart; and freeze it.

A *witness ladder* of stored programs is run in the sandbox, milestones are placed between its rungs,
and *gates* decide; the certificate carries every gate with its figures. Names are imported when first
used: restoring a frozen task must not pay for what only measuring needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandmle_gym.certify.attempts import AttemptReport, SearchResult, Yield, search
    from sandmle_gym.certify.freezing import Progress, freeze
    from sandmle_gym.certify.lock import Entry, Lock, attach_entry, freeze_entry, restore
    from sandmle_gym.certify.measure import certify
    from sandmle_gym.certify.suite import Slot, Suite, task_name

__all__ = [
    "AttemptReport",
    "Entry",
    "Lock",
    "Progress",
    "SearchResult",
    "Slot",
    "Suite",
    "Yield",
    "attach_entry",
    "certify",
    "freeze",
    "freeze_entry",
    "restore",
    "search",
    "task_name",
]

_HOME = {
    "attempts": ("AttemptReport", "SearchResult", "Yield", "search"),
    "freezing": ("Progress", "freeze"),
    "lock": ("Entry", "Lock", "attach_entry", "freeze_entry", "restore"),
    "measure": ("certify",),
    "suite": ("Slot", "Suite", "task_name"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
