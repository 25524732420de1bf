"""The Gymnasium face of an episode: text in, text out, the graded reward at the end."""

import inspect
from typing import Any

import gymnasium
from gymnasium.wrappers import TimeLimit

from sandmle_gym.catalogue import open_task
from sandmle_gym.episode import Episode, EpisodeOptions, Stats, make_options
from sandmle_gym.errors import EpisodeOverError, UserError
from sandmle_gym.source import Source
from sandmle_gym.spaces import FreeText
from sandmle_gym.view import Transcript

ACTION_CHARS = 200_000
"""Longest action, in characters."""
OBSERVATION_CHARS = 40_000
"""Longest observation, in characters: a prompt, or `limits.output_chars` and a few notes."""

HARMLESS_ACTIONS = (
    "ls",
    "cat description.md",
    "head -n 3 train.csv",
    "wc -l test.csv",
    "```python\nprint(sum(1 for _ in open('train.csv')))\n```",
    "validate",
)
"""What `action_space.sample()` draws from: samples are executed by checkers and random agents."""


class SandMLEEnv(gymnasium.Env[str, str]):
    """One agent, one task, one episode at a time.

    Observations and actions are text. `reset` gives the task in words; an action is read by the
    protocol (by default: a shell command, or one fenced block). The reward is 0 until the episode ends,
    then the chosen function of the grade. `terminated` means submitted, `truncated` that a limit was
    reached; either way the submission that lies in the working directory is graded.

    A `gymnasium.wrappers.TimeLimit` around the environment (`gym.make(…, max_episode_steps=n)`) is
    taken as the episode's own turn limit, so that its last step is graded like any other end.

    Args of `gym.make`: `task`, `card`, `index`, `path` and the filters `split`, `modality`, `metric`,
    `level`, `domain` say what is played (see `source.Source`); all others are `episode.EpisodeOptions`.
    """

    metadata = {"render_modes": ["ansi", "html"], "render_fps": 1}  # noqa: RUF012

    def __init__(  # noqa: PLR0913 — the keywords of `gym.make`
        self,
        *,
        task: str | None = None,
        card: str | None = None,
        index: int | None = None,
        split: str | None = None,
        modality: str | None = None,
        metric: str | None = None,
        level: str | None = None,
        domain: str | None = None,
        path: str | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """Make the environment; nothing is drawn and no sandbox is started before `reset`.

        Raises:
            UserError: An option has a wrong name or value; the message names it.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(f"render_mode is ansi, html or None, not {render_mode!r}")
        if path is not None and task is not None:
            raise UserError("give either task= or path=, not both")
        self.source = Source(
            task=path if path is not None else task,
            card=card,
            index=index,
            split=split,
            modality=modality,
            metric=metric,
            level=level,
            domain=domain,
        )
        self.options: EpisodeOptions = make_options(**options)
        self.render_mode = render_mode
        self.observation_space = FreeText(
            max(OBSERVATION_CHARS, self.options.limits.output_chars + 1000)
        )
        self.action_space = FreeText(ACTION_CHARS, samples=HARMLESS_ACTIONS)
        self.episode: Episode | None = None

    @property
    def stats(self) -> Stats:
        """Clocks of the present episode (not in `info`, which must not depend on them)."""
        return self._episode.stats

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode and return the task in words.

        Args:
            seed: Seeds the choice of the task where there is one (streams, the suite); a fixed task
                does not change with it.
            options: `{"task": reference}` or, for streams, `{"index": i}`.

        Raises:
            UserError: The options fit nothing.
            SandboxError: This machine cannot run sandboxes.
        """
        super().reset(seed=seed)
        self.close()
        task = open_task(self.source.choose(self.np_random, options or {}))
        self.episode = Episode(task, self._limited(self.options))
        return self.episode.prompt, self.episode.info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Play one action.

        Raises:
            EpisodeOverError: There was no `reset`, or the episode has ended.
            UserError: The action is no string, or longer than the action space allows.
            SandboxError: The sandbox broke; the episode is void and must not be learned from.
        """
        if not self.action_space.contains(action):
            raise UserError(f"an action is a string of at most {ACTION_CHARS} characters")
        episode = self._episode
        observation = episode.act(action)
        reward = episode.outcome.reward.total if episode.outcome else 0.0
        return observation, reward, episode.terminated, episode.truncated, episode.info

    def render(self) -> str | None:
        """Return the transcript so far, as terminal text or as HTML; agent text is escaped in both."""
        if self.render_mode is None or self.episode is None:
            return None
        transcript = Transcript.of(self.episode)
        return transcript.ansi() if self.render_mode == "ansi" else transcript.html()

    def close(self) -> None:
        """End the present episode, if any."""
        if self.episode is not None:
            self.episode.close()

    @property
    def _episode(self) -> Episode:
        if self.episode is None:
            raise EpisodeOverError("call reset() before step()")
        return self.episode

    def _limited(self, options: EpisodeOptions) -> EpisodeOptions:
        turns = _time_limit(self)
        if turns is None:
            return options
        limits = options.limits.model_copy(update={"turns": turns})
        return options.model_copy(update={"limits": limits})


def _time_limit(env: gymnasium.Env[Any, Any]) -> int | None:
    """Find the limit of a `TimeLimit` that is just now resetting this environment.

    `gym.make(max_episode_steps=…)` only wraps, and a wrapper tells the environment nothing; but its
    `reset` is among our callers, and its `spec` is public.
    """
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, TimeLimit) and caller.unwrapped is env:
            return caller.spec.max_episode_steps if caller.spec is not None else None
        frame = frame.f_back
    return None
