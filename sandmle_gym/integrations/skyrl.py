"""SkyRL: `skyrl_gym` environments by the id "sandmle", for rows of `dataset(split, "skyrl")`.

    from sandmle_gym.integrations.skyrl import register
    register(reward="paper")   # in the process that makes environments: every Ray worker's entry point

The model's message is the action (protocol hermes, unless an option says otherwise); the observation
comes back as a user's turn.
"""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false
from collections.abc import Mapping
from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput
from skyrl_gym.envs.registration import register as _register
from skyrl_gym.envs.registration import registry

from sandmle_gym.episode import make_options
from sandmle_gym.errors import UserError
from sandmle_gym.session import OVER, Session, choose
from sandmle_gym.trajectory import opening, reply

ID = "sandmle"


def register(**options: Any) -> None:
    """Make the id known to `skyrl_gym`; the same again is fine (skyrl_gym itself refuses duplicates).

    Args:
        options: `episode.EpisodeOptions` of every environment.

    Raises:
        UserError: An option is wrong, or the id is registered with others.
    """
    make_options(**options)
    kwargs = {"options": options}
    if ID not in registry:
        _register(id=ID, entry_point=f"{__name__}:SandMLETextEnv", kwargs=kwargs)
    elif registry[ID].kwargs != kwargs:
        raise UserError(f"{ID!r} is registered already, with {registry[ID].kwargs['options']}")


class SandMLETextEnv(BaseTextEnv):
    """One episode."""

    def __init__(
        self,
        env_config: Mapping[str, Any] | None = None,
        extras: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare an episode.

        Args:
            env_config: `episode.EpisodeOptions` that the trainer's configuration changes.
            options: Those that were registered.
            extras: The row: `extra_info` with `task`, or with `split` and `index`; `max_turns`.

        Raises:
            UserError: An option is wrong.
        """
        super().__init__()
        extras = extras or {}
        chosen = {"protocol": "hermes", **(options or {}), **(env_config or {})}
        if turns := extras.get("max_turns"):
            chosen["limits"] = {**chosen.get("limits", {}), "turns": int(turns)}
        self._session = Session(make_options(**chosen))
        self._row = dict(extras.get("extra_info") or {})
        self.max_turns = self._session.options.limits.turns

    def init(self, prompt: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, Any]]:
        """Start the episode; the task takes the place of the row's last message."""
        row = self._row
        self._session.start(choose(row.get("task"), row.get("split"), int(row.get("index", 0))))
        assert self._session.episode is not None
        return [*prompt[:-1], opening(self._session.episode)], {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Play one action; after the end every action is answered, and earns nothing more.

        Raises:
            SandboxError: The sandbox broke; the episode is void.
        """
        over, episode = self._session.done, self._session.episode
        observation = self._session.act(action)
        self.turns += not over
        done = self._session.done
        message = (
            {"role": "user", "content": OVER} if episode is None else reply(episode, observation)
        )
        return BaseTextEnvStepOutput(
            observations=[message],
            reward=0.0 if over else self._session.reward or 0.0,
            done=done,
            metadata=dict(episode.info) if episode else {},
        )

    def get_metrics(self) -> dict[str, Any]:
        """Return what the episode came to, for the trainer's averages."""
        episode = self._session.episode
        if episode is None or episode.outcome is None:
            return {"turns": self.turns}
        grade = episode.outcome.grade
        return {
            "turns": self.turns,
            "valid": float(grade.valid),
            "medal": float(grade.medal not in ("none", "median")),
            **{f"reward/{name}": value for name, value in episode.outcome.reward.parts.items()},
        }

    def close(self) -> None:
        """Drop the sandbox; twice is fine."""
        self._session.close()
