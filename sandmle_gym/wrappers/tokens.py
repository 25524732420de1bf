"""A limit on the length of the conversation, for agents whose context is bounded."""

from collections.abc import Callable
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from sandmle_gym.env import SandMLEEnv
from sandmle_gym.errors import UserError

CHARS_PER_TOKEN = 4


def estimate(text: str) -> int:
    """Count a text's tokens as the paper's release does: four characters each."""
    return -(-len(text) // CHARS_PER_TOKEN)


class TokenLimit(gymnasium.Wrapper[str, str, str, str], RecordConstructorArgs):
    """End an episode, and grade what lies there, once prompt, actions and observations are too long."""

    def __init__(
        self, env: gymnasium.Env[str, str], max_tokens: int, count: Callable[[str], int] = estimate
    ) -> None:
        """Wrap an environment of this package.

        Args:
            env: The environment.
            max_tokens: Tokens of the whole conversation, > 0.
            count: Tokens of a text, such as `lambda text: len(tokenizer.encode(text))`.

        Raises:
            UserError: The limit is not positive, or the environment is another package's.
        """
        RecordConstructorArgs.__init__(self, max_tokens=max_tokens, count=count)
        super().__init__(env)
        if max_tokens <= 0:
            raise UserError(f"max_tokens must be positive, not {max_tokens}")
        self._max_tokens, self._count, self._used = max_tokens, count, 0
        self._inner = unwrapped(env)

    @property
    def tokens_left(self) -> int:
        """Tokens the conversation may still grow by, at least 0."""
        return max(self._max_tokens - self._used, 0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode; its prompt counts."""
        observation, info = super().reset(seed=seed, options=options)
        self._used = self._count(observation)
        return observation, info | {"tokens_left": self.tokens_left}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Play one action; at the limit the episode is truncated and paid."""
        observation, reward, terminated, truncated, info = super().step(action)
        self._used += self._count(action) + self._count(observation)
        if self.tokens_left == 0 and not (terminated or truncated):
            assert self._inner.episode is not None
            reward = float(self._inner.episode.finish().reward.total)
            truncated, info = True, self._inner.episode.info
        return (
            observation,
            float(reward),
            terminated,
            truncated,
            info | {"tokens_left": self.tokens_left},
        )


def unwrapped(env: gymnasium.Env[Any, Any]) -> SandMLEEnv:
    """Return the environment of this package below all wrappers.

    Raises:
        UserError: There is none.
    """
    inner = env.unwrapped
    if not isinstance(inner, SandMLEEnv):
        raise UserError(f"this wrapper goes around an environment of SandMLE, not {inner}")
    return inner
