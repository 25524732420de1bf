"""Compiles `jail/shim.c` once for a machine, as Python's own start would cost more than the shim's work.

Nothing depends on it: without a C compiler, or where its product does not run, `jail/shim.py` serves.
"""

import functools
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandmle_gym.cache import cache_root

SOURCE = Path(__file__).parent / "jail" / "shim.c"
COMPILER = "CC"
"""Environment variable: the C compiler, with options if need be (default: cc). Empty: do not compile."""
_WAYS = (("-O2", "-static"), ("-O2",))
"""A static program starts sooner and runs in any image, but not every machine can link one."""
_PATIENCE = 60.0
"""Seconds for a compiler."""


def shim() -> Path | None:
    """Return the compiled shim, made on first use; None where that cannot be done."""
    try:
        command = shlex.split(os.environ.get(COMPILER, "cc"))
        compiler = Path(shutil.which(command[0]) or "").resolve(strict=True) if command else None
        if compiler is None or not compiler.is_file():
            return None
        key = [command, str(compiler), compiler.stat().st_mtime_ns, platform.machine(), _WAYS]
        digest = hashlib.sha256(json.dumps(key).encode() + SOURCE.read_bytes()).hexdigest()[:16]
        target = cache_root() / "shims" / digest
        return target if _is_ours(target) or _compile(tuple(command), target) else None
    except (OSError, ValueError, RuntimeError, subprocess.TimeoutExpired):
        return None  # no place, odd quotes, no home, a compiler that hangs


def _is_ours(path: Path) -> bool:
    """Whether it is a file that nobody else could have written: as root we run it as root, for a trial."""
    if not path.is_file():
        return False
    status = path.stat()
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022


@functools.cache  # a compiler that fails is not asked again
def _compile(command: tuple[str, ...], target: Path) -> bool:
    """Compile; the result appears under its name whole, whoever else makes it at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder, "shim")
        for options in _WAYS:
            done = subprocess.run(
                [*command, *options, "-o", str(made), str(SOURCE)],
                env=os.environ | {"TMPDIR": folder},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
            if done.returncode == 0:
                made.chmod(0o755)
                made.replace(target)
                return True
    return False
