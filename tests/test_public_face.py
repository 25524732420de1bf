"""Laws of the package as a whole: what it exports, how light it is, how its errors hang together."""

import re
import subprocess
import sys

import pytest

import sandmle_gym
from sandmle_gym import errors


@pytest.mark.parametrize("name", sandmle_gym.__all__)
def test_every_public_name_is_there(name):
    assert getattr(sandmle_gym, name).__name__ == name


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        sandmle_gym.nothing_of_that_name  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("pandas", "sklearn", "lightgbm", "scipy", "docker", "pydantic", "rich", "typer")
    code = f"import sys, sandmle_gym; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_exception_tree_in_the_docstring_is_the_real_one():
    drawn = errors.__doc__ or ""
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert re.search(rf"^\W*{name}\b", drawn, re.MULTILINE)
            assert issubclass(kind, errors.SandMLEError)
