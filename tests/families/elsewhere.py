"""What this interpreter makes of some tasks, with its libraries and on its CPU, as JSON.

    python elsewhere.py draw        digests and parts of tasks of every family and modality
    python elsewhere.py climb       what the witnesses of one frozen task of each modality score
    python elsewhere.py floats      digests of plain arithmetic, which may differ
    python elsewhere.py old-cpu …   one of these as if on an old CPU

It needs the package and none of the tests' libraries, so that it also runs where the package's own are the
oldest ones.
"""

import hashlib
import json
import math
import os
import platform
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy._core import _multiarray_umath as loops

from sandmle_gym.certify import Lock, witness
from sandmle_gym.certify.climb import Climber
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.libraries import library_versions
from sandmle_gym.certify.lock import part_digests
from sandmle_gym.families import derive, draw, load_card
from sandmle_gym.sandbox import get_backend
from sandmle_gym.storage import public_root

ENVS = Path(__file__).parents[2] / "envs"
LOCK = Lock.load(ENVS / "suite.lock.json")


def first_of_families():
    """The first task of the first card of every family: name -> (card, index, attempt)."""
    paths = sorted(ENVS.glob("seeds/*/seed.toml"), reverse=True)
    cards = {load_card(path).family: path.parent.name for path in paths}
    return {family: (slug, 0, 0) for family, slug in sorted(cards.items())}


def frozen(count):
    """The first frozen tasks of every modality, as many of each: id -> (card, index, attempt)."""
    shelves = defaultdict(dict)
    for name, entry in LOCK.tasks.items():
        if len(shelves[entry.modality]) < count:
            shelves[entry.modality][name] = (entry.card, entry.index, entry.attempt)
    return {name: recipe for shelf in shelves.values() for name, recipe in shelf.items()}


def drawn():
    """Draw tasks; a part is the brief, a file or folder, the answers, the oracle or a witness."""
    bundles = {name: _draw(*recipe) for name, recipe in (first_of_families() | frozen(2)).items()}
    return {
        "versions": _versions(),
        "floats": floats(),
        "digests": {name: bundle.digest for name, bundle in bundles.items()},
        "parts": {name: _parts(bundle) for name, bundle in bundles.items()},
    }


def climbed():
    """Climb the ladder of frozen tasks as `certify` does; return score and standard error by tier."""
    backend = get_backend("auto", public_root=public_root())
    ladders = {}
    for name, recipe in frozen(1).items():
        bundle = _draw(*recipe)
        with witness.desk(backend, bundle.public) as desk:
            climber = Climber(Evidence.of(bundle), desk, bundle.private.oracle)
            ladder = climber.climb()
        assert ladder is not None, (name, climber.problems)
        steps = (*ladder.steps, ladder.oracle)
        ladders[name] = {s.tier: (ladder.metric_units(s.score), s.error) for s in steps}
    return ladders


def floats():
    """Digests of all bits of what NumPy's loops, its BLAS and the C library compute here."""
    grid = np.random.RandomState(0).uniform(0.01, 9.0, size=20_000)
    ufuncs = (np.exp, np.log, np.sin, np.tanh, np.log1p)
    values = [f(x).tobytes() for f in ufuncs for x in (grid, grid.astype(np.float32))]
    calls = (math.exp, math.log, math.sin, math.tanh, math.atan)
    matrix = grid.reshape(100, 200)
    return {
        "numpy": _digest(*values),
        "blas": _digest((matrix @ matrix.T).tobytes()),
        "libm": _digest(*(call(x).hex().encode() for call in calls for x in grid.tolist())),
    }


def old_cpu():
    """Environment variables that make the libraries compute as on a CPU of 2008, whatever this one is."""
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(loops.__cpu_dispatch__),
        "OPENBLAS_CORETYPE": "Nehalem",
        # glibc has exp, log, sin … for several CPUs too; before 2.33 it does not know these names
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4",
    }


def _versions():
    return {
        "python": platform.python_version(),
        **library_versions(),
        "pillow": version("pillow"),
    }


def _draw(card, index, attempt):
    return draw(derive(load_card(ENVS / "seeds" / card / "seed.toml"), index, attempt))


def _parts(bundle):
    private = bundle.private
    hidden = {f"{tier} witness": code.encode() for tier, code in private.witnesses.items()}
    hidden["oracle"] = private.oracle
    return part_digests(bundle) | {name: _digest(data)[:8] for name, data in hidden.items()}


def _digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()


if __name__ == "__main__":
    if sys.argv[1] == "old-cpu":
        # libraries choose when they are loaded, the C library when it starts
        command = [sys.executable, __file__, *sys.argv[2:]]
        os.execve(sys.executable, command, os.environ | old_cpu())
    work = {"draw": drawn, "climb": climbed, "floats": floats}[sys.argv[1]]
    json.dump(work(), sys.stdout)
