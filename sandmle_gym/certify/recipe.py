"""What a frozen task depends on, as a digest: its card, the code that draws and judges it, the libraries.

A freeze takes hours and code moves on meanwhile, so the digest holds only what the card's own family can
reach: a new picture family must not make the frozen tables stale.
"""

import ast
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sandmle_gym.certify.libraries import library_versions
from sandmle_gym.families.programs import read_names

PACKAGE = Path(__file__).parents[1]
JUDGES = ("certify", "grading", "metrics")


def recipe_digest(card: Path) -> str:
    """Return the digest for a `seed.toml`."""
    family = tomllib.loads(card.read_text(encoding="utf-8")).get("family", "")
    total = hashlib.sha256(json.dumps(library_versions(), sort_keys=True).encode())
    for path in (card, *_code(family)):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@cache
def _code(family: str) -> tuple[Path, ...]:
    """Return the files that judge every task, and those that the family's module imports or pastes."""
    judges = [path for part in JUDGES for path in (PACKAGE / part).rglob("*.py")]
    module = PACKAGE / "families" / f"{family}.py"
    drawn = _imported([module] if module.exists() else [])
    return tuple(sorted({*judges, *drawn, *_pasted(drawn, family)}))


def _imported(modules: Iterable[Path]) -> set[Path]:
    """Follow imports within the package."""
    found: set[Path] = set()
    queue = list(modules)
    while queue:
        path = queue.pop()
        if path not in found:
            found.add(path)
            queue += _imports(path)
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sandmle_gym."):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    found: list[Path] = []
    for name in names:
        place = PACKAGE.joinpath(*name.split(".")[1:])
        start = place / "__init__.py"
        found += [path for path in (place.with_suffix(".py"), start) if path.exists()]
        if start.exists() and "iter_modules" in start.read_text(encoding="utf-8"):
            found += sorted(place.glob("*.py"))
    return tuple(found)


def _pasted(modules: Iterable[Path], family: str) -> set[Path]:
    """Return the files of recipes for the family's modality, and what those and the modules name."""
    recipes = {path: _defined(path) for path in (PACKAGE / "families/recipes").glob("*.py")}
    modality = PACKAGE / "families/recipes" / f"{family.partition('_')[0]}.py"
    found: set[Path] = set()
    queue = [path for path in (*modules, modality) if path.exists()]
    while queue:
        words = _words(queue.pop())
        reached = [path for path, names in recipes.items() if path not in found and names & words]
        found |= set(reached)
        queue += reached
    return found


@cache
def _defined(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def _words(path: Path) -> frozenset[str]:
    """Return every name that a file of recipes reads, or that the lines a module writes call or hand on."""
    source = path.read_text(encoding="utf-8")
    if path.parent.name == "recipes":
        return read_names(source)
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]
    lines = "\n".join(text for text in texts if "=" in text or "(" in text)
    return frozenset(re.findall(r"[A-Za-z_]\w+(?=[(,)])", lines))
