"""Laws of the documentation: every Python snippet of the README runs, and what it prints is real."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_readme_snippets_run(number):
    exec(compile(SNIPPETS[number], f"README snippet {number + 1}", "exec"), {"__name__": "readme"})


def test_the_readme_has_snippets():
    assert SNIPPETS
