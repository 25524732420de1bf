"""Small, certified machine-learning-engineering tasks for training LLM agents.

Importing this package registers every id with Gymnasium and imports nothing heavy:

    import gymnasium as gym, sandmle_gym
    gym.register_envs(sandmle_gym)
    env = gym.make("SandMLE/task-042")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sandmle_gym.catalogue import register

if TYPE_CHECKING:
    from sandmle_gym.catalogue import Task, open_task, references, tasks
    from sandmle_gym.env import SandMLEEnv
    from sandmle_gym.episode import Episode, EpisodeOptions
    from sandmle_gym.rows import dataset
    from sandmle_gym.session import Session
    from sandmle_gym.trajectory import Trajectory
    from sandmle_gym.vector import ThreadVectorEnv

__version__ = "0.1.0.dev0"

_HOMES = {
    "Episode": "episode",
    "EpisodeOptions": "episode",
    "SandMLEEnv": "env",
    "Session": "session",
    "Task": "catalogue",
    "ThreadVectorEnv": "vector",
    "Trajectory": "trajectory",
    "dataset": "rows",
    "open_task": "catalogue",
    "references": "catalogue",
    "tasks": "catalogue",
}

__all__ = [
    "Episode",
    "EpisodeOptions",
    "SandMLEEnv",
    "Session",
    "Task",
    "ThreadVectorEnv",
    "Trajectory",
    "dataset",
    "open_task",
    "references",
    "tasks",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


register()
