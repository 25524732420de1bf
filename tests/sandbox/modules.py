"""The jail's modules by themselves, in a child of the test."""

import subprocess
import sys
import textwrap

from sandmle_gym.sandbox.warm import plan


def in_a_child(preface: str, source: str, *arguments: str) -> str:
    """Run a source in an interpreter that finds the jail's modules; return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", preface + textwrap.dedent(source), *arguments],
        env={"PYTHONPATH": str(plan.JAIL), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
