"""Insight units, one file each: raw columns that hide a signal, and the feature that recovers it.

A file defines one subclass of `Unit`; it is found by being here.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

from pydantic import SerializeAsAny

from sandmle_gym.families.tabular.ingredient import Unit, by_kind

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

AnyUnit = Annotated[SerializeAsAny[Unit], by_kind(Unit)]
"""A unit, read by its `kind`."""

__all__ = ["AnyUnit"]
