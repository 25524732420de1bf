"""TRL: GRPO over episodes, by `rollout_func` (parallel, any protocol) or `environment_factory`.

    trainer = GRPOTrainer(
        model, reward_funcs=paid, rollout_func=make_rollout_func(protocol="hermes"),
        train_dataset=Dataset.from_list(sandmle_gym.dataset("train", "trl")), …)

    trainer = GRPOTrainer(model, environment_factory=make_env_factory(), train_dataset=…, …)

TRL plays the episodes of an `environment_factory` one after the other; prefer the first form. Episodes
that ran out of time or whose sandbox broke are paid None: TRL leaves them out before it normalises
advantages, as the paper does.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandmle_gym.episode import EpisodeOptions, make_options
from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.protocols import TOOLS, Tool
from sandmle_gym.session import Session, schemas
from sandmle_gym.trajectory import Message, opening, reply

_MARK = "␞assistant␞"
"""Stands for an assistant's message in a rendered chat, to find what the template writes after it."""


def paid(env_reward: list[float | None], **_: Any) -> list[float | None]:
    """Pay what the episodes earned; hand this to the trainer as `reward_funcs` beside a rollout function."""
    return env_reward


def make_rollout_func(
    *,
    turn_tokens: int | None = None,
    workers: int = 128,
    mask_timeouts: bool = True,
    **options: Any,
) -> "RolloutFunc":
    """Make a `rollout_func` that plays all episodes of a batch at once.

    Args:
        turn_tokens: Longest action, in tokens; default: what is left of `max_completion_length`, which
            in TRL bounds the whole episode with its observations.
        workers: Threads that step episodes.
        mask_timeouts: Pay None for episodes that ran out of time.
        options: `episode.EpisodeOptions`; default protocol: hermes.

    Raises:
        UserError: An option is wrong.
    """
    made = make_options(**{"protocol": "hermes", **options})
    return RolloutFunc(made, turn_tokens, workers, mask_timeouts)


def make_env_factory(*, mask_timeouts: bool = True, **options: Any) -> "EnvFactory":
    """Make an `environment_factory`, which offers the tools as functions; it can be pickled.

    Raises:
        UserError: An option is wrong.
    """
    return EnvFactory(make_options(**{"protocol": "tools", **options}), mask_timeouts)


@dataclass(frozen=True)
class EnvFactory:
    """Makes the environments of a trainer."""

    options: EpisodeOptions
    mask_timeouts: bool

    def __call__(self) -> "SandMLETools":
        """Make one."""
        return SandMLETools(self)


class SandMLETools:
    """One environment of TRL: `reset`, `get_reward`, and the tools, which are added below.

    TRL makes a tool of every other public function of the class, so there is none.
    """

    def __init__(self, factory: EnvFactory) -> None:
        self._factory = factory
        self._session = Session(factory.options)

    def reset(self, task: str, **_: Any) -> str:
        """Start the episode of a row and return its prompt, which TRL appends to the row's own."""
        return self._session.start(task)

    def get_reward(self) -> float | None:
        """Grade what lies there; None where the episode must not count."""
        return _pay(self._session, self._factory.mask_timeouts)


def _tool_method(tool: Tool) -> Callable[..., str]:
    """Make a tool a method with the signature and docstring that TRL reads its schema from."""

    def method(self: SandMLETools, **arguments: Any) -> str:
        return self._session.call(tool.name, arguments)

    names = [tool.argument] if tool.argument else []
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    method.__name__, method.__qualname__ = tool.name, f"SandMLETools.{tool.name}"
    method.__annotations__ = dict.fromkeys(names, str) | {"return": str}
    method.__signature__ = inspect.Signature(
        [inspect.Parameter(name, kind, annotation=str) for name in ["self", *names]],
        return_annotation=str,
    )
    described = f"\n\nArgs:\n    {tool.argument}: {tool.argument_description}" if names else ""
    method.__doc__ = tool.description + described
    return method


for _tool in TOOLS.values():
    setattr(SandMLETools, _tool.name, _tool_method(_tool))


@dataclass
class _Line:
    """One episode of a batch, as tokens."""

    session: Session
    prompt: list[int]
    completion: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    """1 for tokens of the policy, 0 for those of the environment."""
    action: list[int] = field(default_factory=list)
    """The latest tokens of the policy."""

    def extend(self, tokens: Sequence[int], logprobs: Sequence[float] | None = None) -> None:
        """Add tokens of the environment, or with log-probabilities those of the policy."""
        self.completion += tokens
        self.mask += [int(logprobs is not None)] * len(tokens)
        self.logprobs += [0.0] * len(tokens) if logprobs is None else logprobs


@dataclass(frozen=True)
class RolloutFunc:
    """Plays one episode for every prompt that TRL hands over (already repeated `num_generations` times)."""

    options: EpisodeOptions
    turn_tokens: int | None
    workers: int
    mask_timeouts: bool

    def __call__(self, prompts: list[list[Message]], trainer: Any) -> dict[str, Any]:
        """Play the batch and return what TRL trains on.

        Raises:
            UserError: A prompt names no task.
            SandboxError: No episode of the batch could be played.
        """
        with ThreadPoolExecutor(min(self.workers, len(prompts)), "sandmle") as threads:
            sessions = [Session(self.options) for _ in prompts]
            try:
                chat = _Chat(trainer, tools=self.options.protocol == "tools")
                lines = list(
                    threads.map(
                        lambda pair: _begin(chat, *pair), zip(sessions, prompts, strict=True)
                    )
                )
                has_logprobs = self._play(lines, chat, threads)
                rewards = list(
                    threads.map(lambda line: _pay(line.session, self.mask_timeouts), lines)
                )
            finally:
                for session in sessions:
                    session.close()
        if all(session.void for session in sessions):
            raise SandboxError("the sandbox broke in every episode of the batch")
        return {
            "prompt_ids": [line.prompt for line in lines],
            "completion_ids": [line.completion for line in lines],
            "logprobs": [line.logprobs for line in lines] if has_logprobs else None,
            "env_mask": [line.mask for line in lines],
            "env_reward": rewards,
        }

    def _play(self, lines: list[_Line], chat: "_Chat", threads: ThreadPoolExecutor) -> bool:
        """Play all lines to their ends; returns whether the backend reports log-probabilities."""
        longest = chat.trainer.max_completion_length
        live, logprobs = lines, None
        while live:
            rooms = [longest - len(line.completion) for line in live]
            limit = min(max(rooms), self.turn_tokens or longest)
            actions, logprobs = chat.generate(
                [line.prompt + line.completion for line in live], limit
            )
            for number, (line, room) in enumerate(zip(live, rooms, strict=True)):
                line.action = actions[number][:room]
                known = logprobs[number] if logprobs else [0.0] * len(line.action)
                line.extend(line.action, known[:room])
            alive = list(threads.map(lambda line: _step(chat, line, longest), live))
            live = [line for line, goes_on in zip(live, alive, strict=True) if goes_on]
        return logprobs is not None


class _Chat:
    """A trainer's tokenizer, chat template and generation backend."""

    def __init__(self, trainer: Any, *, tools: bool) -> None:
        self.trainer = trainer
        self._tokenizer = getattr(trainer.processing_class, "tokenizer", trainer.processing_class)
        self._tools = schemas() if tools else None

    def prompt(self, messages: list[Message]) -> list[int]:
        """Render a conversation for the model to go on with."""
        return self._tokenizer.apply_chat_template(
            messages,
            tools=self._tools,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Decode an action."""
        return self._tokenizer.decode(tokens, skip_special_tokens=True)

    def after(self, action: Sequence[int], message: Message) -> list[int]:
        """Render what stands between an action and the next one: its end, the reply, a new opening."""
        chat = [{"role": "user", "content": "-"}, {"role": "assistant", "content": _MARK}, message]
        text = self._tokenizer.apply_chat_template(
            chat, tools=self._tools, add_generation_prompt=True, tokenize=False
        )
        tokens = self._tokenizer(text.rpartition(_MARK)[2], add_special_tokens=False)["input_ids"]
        return tokens[1:] if action and tokens[:1] == list(action[-1:]) else tokens

    def generate(
        self, prompts: list[list[int]], limit: int
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        """Sample one action for each prompt, of at most `limit` tokens, on whichever backend TRL uses."""
        with _longest_action(self.trainer, limit):
            return self.trainer._generate_single_turn(prompts, None, {}, num_generations=1)


@contextmanager
def _longest_action(trainer: Any, limit: int) -> Iterator[None]:
    """Bound one generation; TRL's own bound is that of the whole episode."""
    holder, name = (
        (trainer.vllm_generation, "max_completion_length")
        if trainer.use_vllm
        else (trainer.generation_config, "max_new_tokens")
    )
    before = getattr(holder, name)
    setattr(holder, name, limit)
    try:
        yield
    finally:
        setattr(holder, name, before)


def _begin(chat: _Chat, session: Session, prompt: list[Message]) -> _Line:
    task = prompt[-1].get("task")
    if not task:
        raise UserError("a prompt names no task: make rows by sandmle_gym.dataset(split, 'trl')")
    session.start(task)
    assert session.episode is not None
    return _Line(session, chat.prompt([*prompt[:-1], opening(session.episode)]))


def _step(chat: _Chat, line: _Line, longest: int) -> bool:
    """Play the latest action; False when the episode, or the room for it, has come to its end."""
    assert line.session.episode is not None
    try:
        observation = line.session.act(chat.text(line.action))
    except SandboxError:
        return False
    if line.session.done:
        return False
    tokens = chat.after(line.action, reply(line.session.episode, observation))
    if len(line.completion) + len(tokens) >= longest:
        return False
    line.extend(tokens)
    return True


def _pay(session: Session, mask_timeouts: bool) -> float | None:
    try:
        reward = session.finish()
    except SandboxError:
        return None
    timed_out = session.episode is not None and session.episode.stop == "time"
    return None if timed_out and mask_timeouts else reward
