"""A record of every episode, as one line of JSON in a file."""

from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from sandmle_gym.trajectory import Trajectory, append_line
from sandmle_gym.wrappers.tokens import unwrapped


class RecordTrajectory(gymnasium.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Append each episode that ends to a file, to be read by `Trajectory.loads`, line by line."""

    def __init__(self, env: gymnasium.Env[str, str], path: str | Path) -> None:
        """Wrap an environment of this package.

        Args:
            env: The environment.
            path: The file; its folder is made. Several environments may share one.

        Raises:
            UserError: The environment is another package's.
        """
        RecordConstructorArgs.__init__(self, path=str(path))
        super().__init__(env)
        self._inner = unwrapped(env)
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Play one action, and write the episode down if that ended it."""
        observation, reward, terminated, truncated, info = super().step(action)
        if (terminated or truncated) and self._inner.episode is not None:
            append_line(self.path, Trajectory.of(self._inner.episode).dumps())
        return observation, float(reward), terminated, truncated, info
