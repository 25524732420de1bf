"""Witnesses as programs: each tier of a task as Python that reads the public files and stands on its own.

A program is a head, the functions of `recipes` that it calls (found by name, with what they call in
turn), and a short body that reads like a notebook: read, clean, engineer, fit, decide, write.
"""

import ast
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sandmle_gym.bundle import TIERS

CHECKER_COMMENT = re.compile(r"  # (noqa|pyright).*")

SEED = 'SEED = int(os.environ.get("SANDMLE_WITNESS_SEED", "0"))\n'

READ = 'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'


@dataclass(frozen=True)
class Fit:
    """How the programs of one family and metric predict, as Python lines.

    They find `target` (the train target as an array) and leave the new column(s) of the submission in
    `answer`, a mapping of column name to values. The blend finds `linear` and `trees`, and the expert
    `matrix`, each with the train rows first.
    """

    trivial: str
    blend: str
    expert: str


@dataclass(frozen=True)
class Story:
    """What the programs must know about the files."""

    title: str
    metric: str
    id_column: str
    target: str


@dataclass(frozen=True)
class Steps:
    """Lines that work on the data: `cleaning` on `train` and `test`, the others on both together."""

    cleaning: str
    units: tuple[str, ...]
    """Feature lines of each unit, the most valuable first."""
    basis: str
    """Lines that only the expert knows, and the columns that carry nothing dropped."""


def programs(story: Story, steps: Steps, fit: Fit) -> dict[str, str]:
    """Write the program of every tier."""
    clean = f"# look out for traps\n{steps.cleaning}" if steps.cleaning else ""
    load = f'{READ}{clean}target = train.pop("{story.target}").to_numpy()\n'
    join = f'both = pd.concat([train, test], ignore_index=True).drop(columns="{story.id_column}")\n'
    encode = "# fit and decide\nlinear, trees = encode(both)\n"
    first, features = (f"# engineer\n{''.join(units)}" for units in (steps.units[:1], steps.units))
    bodies = {
        "trivial": f'{READ}target = train["{story.target}"].to_numpy()\n{fit.trivial}',
        "competent": f"{load}{join}{encode}{fit.blend}",
        "insight": f"{load}{join}{first}{encode}{fit.blend}",
        "insights": f"{load}{join}{features}{encode}{fit.blend}",
        "expert": f"{load}{join}{features}{steps.basis}# fit and decide\nmatrix = design(both)\n{fit.expert}",
    }
    about = {
        "trivial": "the best prediction that looks at no feature",
        "competent": "a blend of standard models on clean data",
        "insight": "the same blend after the most valuable feature",
        "insights": "the same blend after every feature worth building",
        "expert": "a linear model in the right functional form",
    }
    write = (
        f'pd.DataFrame({{"{story.id_column}": test["{story.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: _program(f"{story.title}, {story.metric}: {about[tier]}.", bodies[tier] + write)
        for tier in TIERS
    }


def _program(about: str, body: str) -> str:
    stochastic = "SEED" in body
    setting = SEED if stochastic else ""
    imports, functions = _library(_names(body))
    head = f'# stochastic: {"yes" if stochastic else "no"}\n"""{about}"""\n'
    standard = "import os\n" * stochastic + "from functools import partial\n" * ("partial(" in body)
    head = "\n".join(part for part in (head, standard, imports) if part)
    return "\n\n".join(part.strip("\n") + "\n" for part in (head, *functions, setting + body))


def _library(names: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return the import lines and the function texts that these names need, in the order of `recipes`."""
    imports, functions = _recipes()
    needed, queue = set(), set(names) | {"pd"}
    while queue:
        name = queue.pop()
        needed.add(name)
        if name in functions:
            queue |= _names(functions[name]) - needed
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
    source = files("sandmle_gym.families").joinpath("recipes.py").read_text(encoding="utf-8")
    imports: dict[str, str] = {}
    texts: dict[str, str] = {}
    for node in _parse(source).body:
        text = CHECKER_COMMENT.sub("", ast.get_source_segment(source, node) or "")
        if isinstance(node, ast.Import):
            imports |= {alias.asname or alias.name: text for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imports |= {alias.name: f"from {node.module} import {{}}" for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            texts[node.name] = text
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] = text
    return imports, texts


@cache
def _names(source: str) -> frozenset[str]:
    """Return every name that a text reads or writes."""
    return frozenset(node.id for node in ast.walk(_parse(source)) if isinstance(node, ast.Name))
