"""An episode as an OpenEnv environment: tools are listed and called, reward and done ride on calls.

The client chooses the task (by reference, by split and index, or by seed) and nothing else: sandbox,
limits, feedback and reward are the server's.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gymnasium.utils.seeding import np_random
from openenv.core.env_server import (  # pyright: ignore[reportMissingImports]
    Action,
    CallToolAction,
    CallToolObservation,
    Environment,
    ListToolsAction,
    ListToolsObservation,
    Observation,
    State,
    Tool,
)
from openenv.core.env_server.types import (  # pyright: ignore[reportMissingImports]
    EnvironmentMetadata,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandmle_gym.catalogue import (
    normalise,
    real_lock,
    references,
    split_of,
    suite_lock,
)
from sandmle_gym.episode import EpisodeOptions
from sandmle_gym.errors import SandboxError, UnknownNameError, UserError
from sandmle_gym.integrations.openenv.counters import Counters
from sandmle_gym.session import Session, choose, schemas
from sandmle_gym.source import Source

_logger = logging.getLogger(__name__)


class Opening(Observation):
    """What `reset` answers."""

    prompt: str
    """The task in words, for the model."""
    task: str
    """Its reference."""


class VoidEpisodeError(Exception):
    """Our side broke: the episode is void. Clients get this message, the log has the cause."""


class _Choice(BaseModel):
    """What a client may ask of `reset`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    task: str | None = Field(default=None, max_length=200)
    split: str | None = Field(default=None, max_length=20)
    index: int | None = Field(default=None, ge=0)
    seed: int | None = Field(default=None, ge=0)
    episode_id: str | None = Field(default=None, max_length=255)

    @property
    def reference(self) -> str:
        """The task that is meant.

        Raises:
            UserError: There is none.
        """
        if self.task is not None:
            reference = normalise(self.task)
            real = reference.removeprefix("real/")
            if reference in suite_lock()["tasks"] or (
                real != reference and real in real_lock()["tasks"]
            ):
                return reference
            raise UnknownNameError("task", self.task, references())
        if self.index is not None:
            return choose(split=self.split, index=self.index)
        return Source(split=self.split).choose(np_random(self.seed)[0], {})


class ServedEnvironment(Environment[Action, Observation, State]):
    """One session of the server; its tasks can be listed without a `reset`."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, options: EpisodeOptions, counters: Counters) -> None:
        super().__init__()
        self._session = Session(options)
        self._counters = counters
        self._choice = _Choice()
        self._open = True

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **choice: Any
    ) -> Opening:
        """Start an episode, after the step that may be running.

        Args:
            seed: Chooses a task of the split where neither `task` nor `index` does.
            episode_id: Comes back in the state.
            choice: `task`, or `split` and `index`; nothing else.

        Raises:
            UserError: The choice fits nothing.
            VoidEpisodeError: No sandbox can be had.
        """
        with _told_to_clients():
            self._refuse_when_closed()
            chosen = _choice(seed=seed, episode_id=episode_id, **choice)
            reference = chosen.reference
            self._count_end()
            prompt = self._session.start(reference)
            self._choice = chosen
            return Opening(prompt=prompt, task=reference)

    def step(self, action: Action, **_: Any) -> Observation:
        """List the tools, or call one; a time limit that comes with it is ignored, the server has its own.

        Raises:
            UserError: There was no `reset`.
            VoidEpisodeError: The sandbox broke; the episode is void.
        """
        if isinstance(action, ListToolsAction):
            return ListToolsObservation(tools=_TOOLS)
        assert isinstance(action, CallToolAction)
        with _told_to_clients():
            self._refuse_when_closed()
            return self._call(action)

    def _call(self, action: CallToolAction) -> CallToolObservation:
        session, start = self._session, time.perf_counter()
        if session.episode is None:
            raise UserError("call reset first; over plain HTTP nothing is kept: connect to /ws")
        over = session.done
        try:
            text = session.call(action.tool_name, action.arguments)
        except SandboxError:
            session.close()
            self._counters.add("sandmle_episodes_total", end="void")
            session.episode = None
            raise
        self._counters.add("sandmle_steps_total")
        self._counters.add("sandmle_step_seconds_total", time.perf_counter() - start)
        if session.done and not over:
            end = str(session.episode.stop) if self._open else "abandoned"
            self._counters.add("sandmle_episodes_total", end=end)
        return CallToolObservation(
            tool_name=action.tool_name,
            result=text,
            done=session.done,
            reward=0.0 if over else session.reward,
            metadata=self._info() if session.done else {},  # some clients show it to the model
        )

    @property
    def state(self) -> State:
        """Where the episode stands."""
        episode = self._session.episode
        return State.model_validate(
            {
                "episode_id": self._choice.episode_id,
                "step_count": len(episode.transcript) if episode else 0,
                "task": episode.task.reference if episode else None,
                "done": self._session.done,
            }
        )

    def get_metadata(self) -> EnvironmentMetadata:
        """Describe the server."""
        return EnvironmentMetadata(
            name="sandmle",
            description="Small, certified machine-learning-engineering tasks in a sealed sandbox.",
            version=str(suite_lock()["version"]),
        )

    def list_splits(self) -> list[dict[str, str]]:
        """Return the splits of the frozen suite."""
        kinds = {"train": "train", "val": "validation", "test": "test"}
        frozen = {split_of(name) for name in suite_lock()["tasks"]}
        return [{"name": name, "type": kind} for name, kind in kinds.items() if name in frozen]

    def num_tasks(self, split: str) -> int:
        """Count the tasks of a split."""
        return len(Source(split=split).frozen())

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """Return the public facts of every task of a split, by index."""
        return self.get_task_range(split)

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """Return the public facts of one task.

        Raises:
            IndexError: The split has no such index.
        """
        names = Source(split=split).frozen()
        if not 0 <= index < len(names):
            raise IndexError(index)
        return _facts(names[index], index)

    def get_task_range(
        self, split: str, start: int | None = None, stop: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the public facts of tasks start ≤ index < stop."""
        tasks = [_facts(name, i) for i, name in enumerate(Source(split=split).frozen())]
        return tasks[start:stop]

    def abort(self) -> None:
        """End the step that is running, from any thread: nobody waits for its answer any more."""
        self._open = False
        self._session.abort()

    def close(self) -> None:
        """Free the sandbox, for good."""
        self._open = False
        self._count_end()
        self._session.close()

    def _count_end(self) -> None:
        episode = self._session.episode
        if episode is not None and not episode.done:
            self._counters.add("sandmle_episodes_total", end="abandoned")

    def _refuse_when_closed(self) -> None:
        if not self._open:
            raise UserError("this session is closed; connect again")

    def _info(self) -> dict[str, Any]:
        episode = self._session.episode
        info = episode.info if episode else {}
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in info.items()
        }


_TOOLS = [
    Tool(name=tool["name"], description=tool["description"], input_schema=tool["parameters"])
    for tool in (schema["function"] for schema in schemas())
]


def _choice(**given: Any) -> _Choice:
    try:
        return _Choice.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])[:100]
        raise UserError(
            f"reset option {name!r}: {first['msg']}; a client chooses {', '.join(_Choice.model_fields)}"
        ) from None


def _facts(name: str, index: int) -> dict[str, Any]:
    entry = suite_lock()["tasks"][name]
    facts = {"title": entry["title"], "card": entry["card"], "metric": entry["metric"]["name"]}
    return {"id": name, "index": index, **facts}


@contextmanager
def _told_to_clients() -> Iterator[None]:
    """Let the caller's mistakes out as they are; keep everything else in the log."""
    try:
        yield
    except UserError:
        raise
    except Exception:
        _logger.exception("an episode is void")
        raise VoidEpisodeError("the server broke: this episode is void, reset to go on") from None
