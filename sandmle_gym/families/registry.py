"""Families by name: every module here that is called <modality>_<what> is one, and nothing lists them."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sandmle_gym.errors import UnknownNameError
from sandmle_gym.spec import Modality

if TYPE_CHECKING:
    from sandmle_gym.families.family import Family


@cache
def family_names() -> tuple[str, ...]:
    """All families, sorted."""
    prefixes = tuple(f"{modality}_" for modality in Modality)
    modules = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return tuple(sorted(name for name in modules if name.startswith(prefixes)))


@cache
def get_family(name: str) -> "Family":
    """Import a family, the object `FAMILY` of its module.

    Raises:
        UnknownNameError: There is no such family.
    """
    if name not in family_names():
        raise UnknownNameError("family", name, family_names())
    return import_module(f"sandmle_gym.families.{name}").FAMILY
