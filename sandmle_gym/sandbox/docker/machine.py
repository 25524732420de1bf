"""Collects a root file system for the image from this machine itself, where no registry can be reached.

It holds the shell programs of `envs/image/tools.txt`, this interpreter's standard library, the packages of
`envs/image/requirements.txt` in /opt/venv, and every shared library that these need; no bundled data sets.
"""

import fnmatch
import importlib.metadata
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandmle_gym.errors import UserError
from sandmle_gym.sandbox.docker.engine import image_folder
from sandmle_gym.sandbox.warm import plan

_TOP_LEVEL = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DIRECTORIES = ("usr", "etc", "opt", "dev", "proc", "sys", "run", "tmp", "var", "work", "public")
_DATA = (
    "/etc/ld.so.cache",
    "/usr/lib/locale/C.utf8",
    "/usr/lib/locale/C.UTF-8",
    "/usr/share/zoneinfo",
)
_LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "turtledemo",
    "ensurepip",
    "tkinter",
    "_tkinter.*",  # would bring the libraries of X11 along
)
"""What lies in the standard library's folder and agents do without."""
_ELF = b"\x7fELF"
_LDD_BATCH = 200
_FILES = {
    "etc/passwd": "root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/work:/bin/bash\n",
    "etc/group": "root:x:0:\nagent:x:1000:\n",
}

Files = dict[str, Path]
"""Absolute place in the image -> file of this machine whose content it gets."""


def write_root(target: Path) -> list[str]:
    """Write the root file system as a tar archive.

    Returns:
        Lines that say where the image differs from the pinned requirements; empty when nowhere.

    Raises:
        UserError: This Python lacks one of the required packages.
    """
    venv, notes = _packages()
    files = {**_tools(), **_standard_library(), **venv, **_data()}
    files |= _libraries(files)
    with tarfile.open(target, "w") as archive:
        made: set[str] = set()
        for name in _DIRECTORIES:
            _add_folder(archive, f"/{name}", made)
        for name in _TOP_LEVEL:
            _add_top_level(archive, Path("/", name), made)
        for name, text in _FILES.items():
            _add_text(archive, name, text)
        _add_venv(archive, made)
        for place in sorted(files):
            _add_folder(archive, str(Path(place).parent), made)
            archive.add(files[place], place.lstrip("/"), recursive=False, filter=_plain)
    return notes


def requirements() -> dict[str, str]:
    """Return the pinned version of every package of the image."""
    lines = (image_folder() / "requirements.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def _tools() -> Files:
    lines = (image_folder() / "tools.txt").read_text().splitlines()
    names = [name for line in lines if not line.startswith("#") for name in line.split()]
    found = {name: shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") for name in names}
    return {f"/usr/bin/{name}": Path(path).resolve() for name, path in found.items() if path}


def _base_python() -> Path:
    return Path(sys._base_executable).resolve()  # pyright: ignore[reportAttributeAccessIssue]


def _standard_library() -> Files:
    variables = {"base": os.path.realpath(sys.base_prefix)}
    variables["platbase"] = variables["installed_base"] = variables["base"]
    python = _base_python()
    files = {str(python): python}
    for kind in ("stdlib", "platstdlib"):
        folder = Path(sysconfig.get_path(kind, vars=variables))
        for path in _below(folder, skip=_LEFT_OUT):
            files[str(path)] = path
    return files


def _packages() -> tuple[Files, list[str]]:
    """Find the files of the required distributions, wherever this interpreter has them."""
    files: Files = {}
    notes = []
    for name, version in requirements().items():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise UserError(
                f"this Python has no {name}, which the image needs; pip install {name}=={version}"
            ) from error
        if distribution.version != version:
            notes.append(f"{name} {distribution.version} in place of the pinned {version}")
        for file in distribution.files or ():
            source = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and source.is_file() and not _is_data_set(str(file)):
                files[f"{_site()}/{file}"] = source.resolve()
    return files, notes


def _site() -> str:
    return f"{plan.VENV}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def _is_data_set(name: str) -> bool:
    return _matches(name, (f"{known}{end}" for known in plan.DATA_SETS for end in ("", "/*")))


def _data() -> Files:
    files: Files = {}
    for name in _DATA:
        path = Path(name)
        for found in _below(path) if path.is_dir() else [path] if path.exists() else []:
            files[str(found)] = found.resolve()
    return files


def _below(folder: Path, skip: Iterable[str] = ()) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _matches(name, skip)]
        for name in names:
            path = Path(top, name)
            if path.is_file() and not _matches(name, skip):
                yield path


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _libraries(files: Files) -> Files:
    """Ask the loader which shared libraries these files need, and where it finds them."""
    binaries = [str(path) for path in files.values() if _is_elf(path)]
    libraries: Files = {}
    for start in range(0, len(binaries), _LDD_BATCH):
        batch = binaries[start : start + _LDD_BATCH]
        output = subprocess.run(["ldd", *batch], capture_output=True, text=True, check=False).stdout
        for found in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", output, re.MULTILINE):
            place = Path(found)
            if "site-packages" not in place.parts:
                libraries[str(place.parent.resolve() / place.name)] = place.resolve()
    return libraries


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Give a file to root, readable by everybody, with its own time (which .pyc files look at)."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.mode & 0o111 or member.isdir() else 0o644
    return member


def _add_folder(archive: tarfile.TarFile, place: str, made: set[str]) -> None:
    parts = Path(place).parts[1:]
    for depth in range(1, len(parts) + 1):
        name = "/".join(parts[:depth])
        if name not in made:
            made.add(name)
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)


def _add_top_level(archive: tarfile.TarFile, path: Path, made: set[str]) -> None:
    """Repeat this machine's choice between /bin and a link from there to /usr/bin."""
    if path.is_symlink():
        _add_link(archive, str(path), str(path.readlink()))
    elif path.is_dir():
        _add_folder(archive, str(path), made)


def _add_venv(archive: tarfile.TarFile, made: set[str]) -> None:
    _add_folder(archive, f"{plan.VENV}/bin", made)
    python = _base_python()
    _add_text(archive, f"{plan.VENV}/pyvenv.cfg", f"home = {python.parent}\n")
    for name in ("python", "python3"):
        _add_link(archive, f"{plan.VENV}/bin/{name}", str(python))


def _add_link(archive: tarfile.TarFile, place: str, target: str) -> None:
    member = tarfile.TarInfo(place.lstrip("/"))
    member.type, member.linkname = tarfile.SYMTYPE, target
    archive.addfile(member)


def _add_text(archive: tarfile.TarFile, place: str, text: str) -> None:
    data = text.encode()
    member = tarfile.TarInfo(place.lstrip("/"))
    member.size, member.mode = len(data), 0o644
    archive.addfile(member, io.BytesIO(data))
