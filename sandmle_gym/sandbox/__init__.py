"""Runs the code of agents where it can do no harm; knows files and commands, nothing of tasks.

`get_backend()` gives the machine's backend, `backend.open(...)` the world of one episode.
"""

from sandmle_gym.sandbox.base import (
    Backend,
    ExecResult,
    Fetched,
    FileProblem,
    Kind,
    Probe,
    Resources,
    Sandbox,
    Status,
)
from sandmle_gym.sandbox.registry import backend_path, get_backend, probe_all
from sandmle_gym.sandbox.warm.survey import pools, stop_pools

__all__ = [
    "Backend",
    "ExecResult",
    "Fetched",
    "FileProblem",
    "Kind",
    "Probe",
    "Resources",
    "Sandbox",
    "Status",
    "backend_path",
    "get_backend",
    "pools",
    "probe_all",
    "stop_pools",
]
