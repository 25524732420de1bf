"""Where this package keeps what it can make again."""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of drawn tasks and compiled programs; the variable SANDMLE_CACHE moves it."""
    if chosen := os.environ.get("SANDMLE_CACHE"):
        return Path(chosen).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("sandmle_gym")
