"""Shared fixtures: one cache of drawn tasks per run, and a check that nothing is left behind."""

import os
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and noisy: the clock must not decide whether a law holds.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
# Everybody who runs the tests sees the same examples; .ci/run looks for new ones with the other profile.
settings.register_profile("laws", patient, derandomize=True)
settings.register_profile("search", patient, max_examples=1000)
settings.load_profile("laws")


def pytest_configure(config):
    """Give all workers of a run a cache and sandbox pools of their own, so that no test sees the user's."""
    for name in ("SANDMLE_CACHE", "SANDMLE_RUNTIME"):
        if name not in os.environ:
            folder = Path(tempfile.mkdtemp(prefix="sandmle-tests-"))
            os.environ[name] = str(folder)
            config.add_cleanup(partial(_remove, folder))
    os.environ.setdefault("SANDMLE_LINGER", "1")


def _remove(folder: Path):
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def task():
    """A frozen task."""
    from sandmle_gym.catalogue import open_task

    return open_task("task-042")


@pytest.fixture
def play():
    """Play actions on a task and return the finished episode; closes every episode it opened."""
    from sandmle_gym.catalogue import open_task
    from sandmle_gym.episode import Episode, make_options

    opened = []

    def _play(*actions, task="task-042", **options):
        episode = Episode(open_task(task), make_options(**options))
        opened.append(episode)
        for action in actions:
            episode.act(action)
        return episode

    yield _play
    for episode in opened:
        episode.close()
