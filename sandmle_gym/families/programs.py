"""Witnesses as programs: Python that reads the public files and stands on its own.

A program is a head, the functions of `recipes` that its body names (with what they call in turn), and
the body, which reads like a notebook: read, clean, engineer, fit, decide, write.
"""

import ast
import re
import threading
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

CHECKER_COMMENT = re.compile(r"  # (noqa|pyright).*")

RECIPES = "sandmle_gym.families.recipes"
"""Imports from here only tell checkers where a function stands; programs get its text."""

SEED = 'SEED = int(os.environ.get("SANDMLE_WITNESS_SEED", "0"))\n'
"""Line that a program gets whose body uses `SEED`: its score depends on the seed."""


def program(about: str, body: str) -> str:
    """Write a program.

    Args:
        about: One sentence, its docstring.
        body: Its lines; functions and constants of `recipes` are found by name.
    """
    stochastic = "SEED" in body
    setting = SEED if stochastic else ""
    imports, functions = _library(read_names(body))
    head = f'# stochastic: {"yes" if stochastic else "no"}\n"""{about}"""\n'
    standard = "import os\n" * stochastic + "from functools import partial\n" * ("partial(" in body)
    head = "\n".join(part for part in (head, standard, imports) if part)
    return "\n\n".join(part.strip("\n") + "\n" for part in (head, *functions, setting + body))


def _library(names: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return the import lines and the function texts that these names need, in the order of `recipes`."""
    imports, functions = _recipes()
    needed, queue = set(), set(names)
    while queue:
        name = queue.pop()
        needed.add(name)
        if name in functions:
            queue |= read_names(functions[name]) - needed
    wanted: dict[str, list[str]] = {}
    for name, line in imports.items():
        if name in needed:
            wanted.setdefault(line, []).append(name)
    lines = [line.format(", ".join(found)) for line, found in wanted.items()]
    return "\n".join(lines), tuple(text for name, text in functions.items() if name in needed)


_parsing = threading.Lock()


def _parse(source: str) -> ast.Module:
    """Parse, one thread at a time: two at once can fail in CPython 3.11 (its depth counter is shared)."""
    with _parsing:
        return ast.parse(source)


@cache
def _recipes() -> tuple[dict[str, str], dict[str, str]]:
    """Return name -> import line with a place for names, and name -> text of functions and constants."""
    imports: dict[str, str] = {}
    texts: dict[str, str] = {}
    folder = files("sandmle_gym.families").joinpath("recipes")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".py"):
            _read(path.read_text(encoding="utf-8"), imports, texts)
    return imports, texts


def _read(source: str, imports: dict[str, str], texts: dict[str, str]) -> None:
    """Add the import lines, functions and constants of one file of recipes."""
    for node in _parse(source).body:
        text = CHECKER_COMMENT.sub("", ast.get_source_segment(source, node) or "")
        if isinstance(node, ast.Import):
            imports |= {alias.asname or alias.name: text for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(RECIPES):
            imports |= {alias.name: f"from {node.module} import {{}}" for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            texts[node.name] = text
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] = text


@cache
def read_names(source: str) -> frozenset[str]:
    """Return every name that a text reads and does not bind itself."""
    tree = _parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return frozenset(node.id for node in names) - bound
