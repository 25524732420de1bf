"""Play one episode with a model behind any OpenAI-compatible endpoint.

    client = make_client("http://127.0.0.1:8000/v1")
    trajectory = await rollout(Episode(open_task("task-042")), client, model="my-model")

The episode's protocol decides how the model acts: `tools` offers native function calls; any other takes
the text of the model's message as the action. The client is an `openai.AsyncOpenAI` (extra `llm`).
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandmle_gym.episode import Episode
from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.session import OVER, schemas
from sandmle_gym.threads import in_thread
from sandmle_gym.trajectory import Message, ModelCall, Trajectory, opening, reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI  # pyright: ignore[reportMissingImports]


def make_client(
    base_url: str | None = None, api_key: str | None = None, **options: Any
) -> "AsyncOpenAI":
    """Make a client; without arguments the SDK reads OPENAI_BASE_URL and OPENAI_API_KEY.

    Args:
        base_url: The endpoint, ending in `/v1`.
        api_key: A local server takes any; default with a `base_url`: "none".
        options: Those of `openai.AsyncOpenAI` (timeout in seconds, max_retries …).

    Raises:
        UserError: The SDK is not installed.
    """
    try:
        from openai import AsyncOpenAI  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError("rollouts need the OpenAI SDK: pip install 'sandmle-gym[llm]'") from None
    return AsyncOpenAI(base_url=base_url, api_key=api_key or (base_url and "none"), **options)


_NO_MORE = ("context", "rollout stopped")
"""How refusals to say more read: the context is full (OpenAI, vLLM, SGLang), or the proxy of a trainer
has reached a limit of its own (verifiers)."""


async def rollout(
    episode: Episode,
    client: "AsyncOpenAI",
    *,
    model: str,
    max_tokens: int | None = None,
    context_tokens: int | None = None,
    **sampling: Any,
) -> Trajectory:
    """Play an episode to its end and close it.

    Args:
        episode: A fresh episode.
        client: Where the model is.
        model: Its name there.
        max_tokens: Longest answer of one call.
        context_tokens: The conversation ends, and what lies there is graded, once it has this many.
        sampling: Handed to `chat.completions.create` (temperature, top_p, seed, extra_body …).

    Returns:
        The record; a broken sandbox makes it void (`stop`), it does not raise.

    Raises:
        openai.OpenAIError: The model could not be asked, for another reason than a full context.
    """
    if max_tokens is not None:
        sampling["max_tokens"] = max_tokens
    conversation = _Conversation(episode, client, {"model": model, **sampling})
    try:
        while not episode.done:
            if conversation.tokens >= (context_tokens or float("inf")):
                conversation.stop = "tokens"
                break
            if not await conversation.turn():
                break
        await in_thread(episode.finish)
    except SandboxError:
        conversation.stop = "void"
    finally:
        await in_thread(episode.close)
    return conversation.record()


class _Conversation:
    """The messages of one rollout, and one turn after the other."""

    def __init__(self, episode: Episode, client: "AsyncOpenAI", request: Mapping[str, Any]) -> None:
        self.tokens = 0
        self.stop: str | None = None
        self._episode, self._client = episode, client
        self._tools = schemas() if episode.options.protocol == "tools" else []
        self._request = {**request, "tools": self._tools} if self._tools else dict(request)
        self._messages = [opening(episode)]
        self._calls: list[ModelCall] = []

    async def turn(self) -> bool:
        """Ask the model and play what it answers; False when its context is full."""
        answer = await self._ask()
        if answer is None:
            self.stop = "tokens"
            return False
        message = _as_message(answer)
        self._messages.append(message)
        if calls := message.get("tool_calls"):
            for call in calls:
                content = await in_thread(self._play_call, call["function"])
                self._messages.append(
                    {"role": "tool", "tool_call_id": call["id"], "content": content}
                )
        else:
            observation = await in_thread(self._episode.act, message["content"])
            self._messages.append(reply(self._episode, observation))
        return True

    def record(self) -> Trajectory:
        """Return the record of the rollout as it stands."""
        return Trajectory.of(
            self._episode, self._messages, tools=self._tools, calls=self._calls, stop=self.stop
        )

    async def _ask(self) -> Any:
        from openai import BadRequestError  # pyright: ignore[reportMissingImports]

        start = time.perf_counter()
        try:
            completion = await self._client.chat.completions.create(
                messages=self._messages, **self._request
            )
        except BadRequestError as error:
            if not any(sign in f"{error.code} {error.message}" for sign in _NO_MORE):
                raise
            return None
        usage, choice = completion.usage, completion.choices[0]
        self.tokens = usage.total_tokens if usage else 0
        self._calls.append(
            ModelCall(
                seconds=time.perf_counter() - start,
                prompt_tokens=usage.prompt_tokens if usage else 0,
                completion_tokens=usage.completion_tokens if usage else 0,
                finish_reason=choice.finish_reason or "",
            )
        )
        return choice.message

    def _play_call(self, function: Mapping[str, str]) -> str:
        if self._episode.done:
            return OVER
        return self._episode.call_tool(function["name"], function["arguments"])


def _as_message(answer: Any) -> Message:
    """Keep of an answer what every server takes back: text, thoughts if it sent any, tool calls."""
    message: Message = {"role": "assistant", "content": answer.content or ""}
    if thoughts := getattr(answer, "reasoning_content", None):
        message["reasoning_content"] = thoughts
    if answer.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in answer.tool_calls
        ]
    return message
