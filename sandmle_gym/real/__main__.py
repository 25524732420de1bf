"""Freeze the real tasks of a folder: `python -m sandmle_gym.real envs`."""

import sys
from pathlib import Path

from rich.console import Console

from sandmle_gym.real.datasets import freeze_real
from sandmle_gym.sandbox import get_backend

if __name__ == "__main__":
    console = Console()
    with console.status("measuring real tasks"):
        lock = freeze_real(Path(sys.argv[1]), get_backend())
    for name, entry in lock.tasks.items():
        console.print(f"{name}: {entry.milestones}")
