"""Laws of serving where OpenEnv is not installed."""

import subprocess
import sys

BLOCKED = """
import sys
sys.modules["openenv"] = None
from sandmle_gym.cli import main
main()
"""


def test_serving_without_openenv_is_one_line_that_says_what_to_install():
    command = [sys.executable, "-c", BLOCKED, "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "sandmle-gym[openenv]" in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr
