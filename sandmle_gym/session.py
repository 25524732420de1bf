"""`Session`, an episode as trainers handle it: any call gets a sentence, from any thread, at any time.

Trainers call tools after the end, with arguments that fit nothing, twice at once, and let go of an
episode in the middle. An `Episode` refuses such things; a session answers them. Only what is not the
agent's doing raises: `UserError` for the trainer, `SandboxError` for a void episode.
"""

import threading
import weakref
from collections.abc import Callable
from typing import Any, Self, TypeVar

from sandmle_gym.catalogue import open_task
from sandmle_gym.episode import Episode, EpisodeOptions
from sandmle_gym.errors import EpisodeOverError, SandboxError
from sandmle_gym.protocols import TOOLS
from sandmle_gym.source import Source

T = TypeVar("T")

OVER = "The episode is over."
"""What any action gets after the end, before a start, and once the session is closed."""


class Session:
    """One episode after another; each start ends what was there before.

    A session that nobody holds any more (its trainer crashed) closes itself.
    """

    def __init__(self, options: EpisodeOptions | None = None) -> None:
        """Prepare a session; nothing is drawn and no sandbox opens before `start`."""
        self.options = options or EpisodeOptions()
        self.episode: Episode | None = None
        self.void = False
        """True once the sandbox broke: the episode must not be learned from."""
        self._lock = threading.RLock()
        self._abandoned: weakref.finalize[Any, Any] | None = None

    def start(self, task: str) -> str:
        """Start an episode of a task, by reference, and return its prompt.

        Raises:
            UnknownNameError: Nothing has that name.
            IsolationUnavailableError: This machine offers no isolation.
        """
        opened = open_task(task)
        with self._lock:
            self.close()
            self.episode, self.void = Episode(opened, self.options), False
            self._abandoned = weakref.finalize(self, self.episode.close)
            return self.episode.prompt

    def act(self, text: str) -> str:
        """Play one action given as the agent's text; two at once are played one after the other."""
        return self._answer(lambda episode: episode.act(text))

    def call(self, name: str, arguments: object) -> str:
        """Play one action given as a tool's name and arguments (a mapping, or JSON)."""
        return self._answer(lambda episode: episode.call_tool(name, arguments))

    @property
    def done(self) -> bool:
        """True before a start and after the end."""
        return self.episode is None or self.episode.done

    @property
    def reward(self) -> float | None:
        """What the episode has earned: 0 until it has ended, None for a void one."""
        if self.void:
            return None
        outcome = self.episode.outcome if self.episode else None
        return outcome.reward.total if outcome else 0.0

    def finish(self) -> float | None:
        """End the episode where it stands, grade the submission that lies there, return the reward."""
        with self._lock:
            if self.episode is not None and not (self.episode.closed or self.void):
                self._play(Episode.finish)
            return self.reward

    def close(self) -> None:
        """Drop the episode's sandbox, after the step that may be running; twice is fine."""
        with self._lock:
            if self._abandoned is not None:
                self._abandoned()

    def abort(self) -> None:
        """End every process of the episode at once, also of the step that may be running."""
        episode = self.episode
        if episode is not None:
            episode.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, play: Callable[[Episode], str]) -> str:
        with self._lock:
            try:
                return self._play(play)
            except EpisodeOverError:
                return OVER

    def _play(self, play: Callable[[Episode], T]) -> T:
        if self.episode is None:
            raise EpisodeOverError("start an episode first")
        try:
            return play(self.episode)
        except SandboxError:
            self.void = True
            raise


def schemas() -> list[dict[str, Any]]:
    """Return the tools of an episode as OpenAI function schemas."""
    return [tool.schema for tool in TOOLS.values()]


def choose(task: str | None = None, split: str | None = None, index: int = 0) -> str:
    """Name the task that a trainer's row asks for: by reference, or by its place in a split.

    Args:
        task: A reference; then the others have no effect.
        split: train, val, test, or None for the whole suite.
        index: Any whole number; counted round and round the split.

    Raises:
        UserError: There is no such split.
    """
    if task is not None:
        return task
    names = Source(split=split).frozen()
    return names[index % len(names)]
