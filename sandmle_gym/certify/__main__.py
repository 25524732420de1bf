"""Freeze the suite of a folder: `python -m sandmle_gym.certify envs`."""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar

from sandmle_gym.certify.freezing import Progress, freeze
from sandmle_gym.sandbox import get_backend


def main(envs: Path) -> None:
    """Freeze with a progress bar, then print the yield of every card."""
    console = Console()
    with Bar(console=console) as bar:
        task = bar.add_task("freezing")

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total)

        lock = freeze(envs, get_backend(), progress=show)
    for card, counts in lock.yields.items():
        console.print(f"{card}: {counts.certified} of {counts.attempts} draws; {counts.failures}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
