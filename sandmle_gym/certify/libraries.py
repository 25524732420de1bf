"""Versions of the libraries that draws, witnesses and metrics compute with."""

from importlib.metadata import version

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "lightgbm")


def library_versions() -> dict[str, str]:
    """Return the installed versions; a certificate and a lock record them."""
    return {name: version(name) for name in LIBRARIES}
