"""`Trajectory`, the record of one episode: the conversation, the actions, how it ended, what it earned.

It is plain data: one line of JSON, or one line of chat for supervised fine-tuning.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sandmle_gym.episode import Episode

Message = dict[str, Any]
"""One chat message in OpenAI's form."""


@dataclass(frozen=True)
class ModelCall:
    """One request to a model, as its server reported it; 0 where it reported nothing."""

    seconds: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = ""


@dataclass(frozen=True)
class Trajectory:
    """One finished (or void) episode."""

    task: str
    messages: list[Message]
    tools: list[dict[str, Any]]
    """Function schemas that the model was offered; empty where actions are text."""
    turns: list[dict[str, Any]]
    """Per action: `tool` and `argument` (None and "" if not understood), `observation`, `seconds` of
    wall time inside the sandbox."""
    stop: str
    """Why it ended: an `episode.Stop`, "tokens" (the model's context is full) or "void" (our sandbox
    broke; such an episode must not be learned from)."""
    reward: float | None
    """None for a void episode."""
    reward_parts: dict[str, float] = field(default_factory=dict)
    grade: dict[str, Any] | None = None
    calls: list[ModelCall] = field(default_factory=list)
    """What asking the model took, call by call; empty where someone else asked it."""

    @classmethod
    def of(
        cls,
        episode: Episode,
        messages: Sequence[Message] | None = None,
        *,
        tools: Sequence[dict[str, Any]] = (),
        calls: Sequence[ModelCall] = (),
        stop: str | None = None,
    ) -> Self:
        """Take the record of an episode that has ended.

        Args:
            episode: The episode; without an outcome it is recorded as void.
            messages: The conversation; default: prompt, actions and observations as plain text.
            tools: Function schemas that were offered.
            calls: What asking the model took.
            stop: The reason for the end, if the caller knows a better one than the episode.
        """
        outcome = episode.outcome
        return cls(
            task=episode.task.reference,
            messages=conversation(episode) if messages is None else list(messages),
            tools=list(tools),
            turns=[
                {
                    "tool": turn.call.name if turn.call else None,
                    "argument": turn.call.argument if turn.call else "",
                    "observation": turn.observation,
                    "seconds": turn.seconds,
                    "queued": turn.queued,
                }
                for turn in episode.transcript
            ],
            stop=(stop or episode.stop or "void") if outcome else "void",
            reward=outcome.reward.total if outcome else None,
            reward_parts=dict(outcome.reward.parts) if outcome else {},
            grade=dataclasses.asdict(outcome.grade) if outcome else None,
            calls=list(calls),
        )

    @property
    def masked(self) -> bool:
        """True where the paper's recipe leaves the episode out of the loss: out of time, or void."""
        return self.stop in ("time", "void")

    def dumps(self) -> str:
        """Return the whole record as one line of JSON."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def loads(cls, line: str) -> Self:
        """Read what `dumps` wrote."""
        values = json.loads(line)
        return cls(**values | {"calls": [ModelCall(**call) for call in values["calls"]]})

    def chat(self) -> dict[str, Any]:
        """Return a row for supervised fine-tuning: `messages`, and `tools` where there are any."""
        return {"messages": self.messages} | ({"tools": self.tools} if self.tools else {})


def conversation(episode: Episode) -> list[Message]:
    """Write an episode as a chat in text: the task, then actions and what came of them in turn."""
    messages = [opening(episode)]
    for turn in episode.transcript:
        messages.append({"role": "assistant", "content": turn.action})
        messages.append(reply(episode, turn.observation))
    return messages


def opening(episode: Episode) -> Message:
    """Return the message that sets the task."""
    return {"role": "user", "content": episode.prompt}


def reply(episode: Episode, observation: str) -> Message:
    """Return an observation as the message that answers an action given as text.

    Protocols whose calls stand in <tool_call> tags have their answers in <tool_response> tags, which is
    also what chat templates of such models write for the role "tool".
    """
    if episode.options.protocol in ("hermes", "react", "tools"):
        observation = f"<tool_response>\n{observation}\n</tool_response>"
    return {"role": "user", "content": observation}


def append_line(path: Path, line: str) -> None:
    """Add a line to a file in one write, so that processes which share the file do not mix lines."""
    with path.open("ab", buffering=0) as file:
        file.write(line.encode() + b"\n")
