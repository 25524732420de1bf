"""The warm backend as an ordinary user, measured in a process of that user's that root starts.

That process is `python -m sandboxes.user PART REPEATS DIRECTORY`; it prints its figures.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sandboxes.measure import Figures, MissingError, median, open_and_close, run, timed

from sandmle_gym.sandbox.warm import WarmBackend

_HERE = Path(__file__).parents[1]
_LAUNCHER = _HERE.parent / "tests" / "conformance" / "as_user.py"


def ordinary_user(part: str, repeats: int) -> Figures:
    """Measure a part (`steps`, `openings`) as an ordinary user."""
    if os.geteuid() != 0:
        raise MissingError("the whole run is that of an ordinary user")
    if not _LAUNCHER.exists():
        raise MissingError("it is started by the tests of a checkout, and this is none")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        path = os.pathsep.join(filter(None, (str(_HERE), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            [sys.executable, str(_LAUNCHER), __name__, part, str(repeats), directory],
            env=os.environ | {"PYTHONPATH": path, "SANDMLE_LINGER": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise MissingError(f"it fails: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def main() -> None:
    """Measure, as whoever we are."""
    part, repeats = sys.argv[1], int(sys.argv[2])
    with WarmBackend() as backend, backend.open() as sandbox:
        if part == "steps":
            figures: object = timed(lambda source: run(sandbox, "python", source), repeats)
        else:
            figures = median(lambda: open_and_close(backend), repeats)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
