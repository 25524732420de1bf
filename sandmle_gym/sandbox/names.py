"""Names of files in a working directory."""

from pathlib import PurePosixPath


def relative_name(name: str) -> str:
    """Return the plain form of a name that stays in the working directory.

    Raises:
        ValueError: It is empty or absolute, or has `..` or a NUL byte in it.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(f"{name!r} is not a name inside the working directory")
    return str(path)
