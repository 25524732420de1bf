"""One episode: a prompt, tools, limits, and at the end a grade and a reward.

Every adapter (Gymnasium, trainers, the command line) is thin over `Episode`. The agent's text goes to a
sandbox that knows no answers; the submission comes back as bytes and is graded on this side. Nothing
here raises because of what an agent did; `SandboxError` means that the episode is void.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, ValidationError

from sandmle_gym.catalogue import Task
from sandmle_gym.errors import EpisodeOverError, UserError
from sandmle_gym.grading import Grade, get_grader
from sandmle_gym.metrics import get_metric
from sandmle_gym.observations import describe, round_to_error
from sandmle_gym.protocols import (
    MalformedCallError,
    Parsed,
    ToolCall,
    get_protocol,
    instructions,
    make_call,
)
from sandmle_gym.rewards import Reward, RewardFunction, get_reward
from sandmle_gym.sandbox import Fetched, Resources, Sandbox, get_backend
from sandmle_gym.spec import Frozen, Limits
from sandmle_gym.storage import public_root

SUBMISSION = "submission.csv"

Stop = Literal["submitted", "turns", "time", "dead", "caller"]
"""Why an episode ended: by `submit`; no actions or no time left; its sandbox is gone; the caller
called `finish`."""

_ENDS: Mapping[Stop, str] = {
    "dead": "its processes used up the limits of the sandbox",
    "turns": "no actions left",
    "time": "no time left",
}


class EpisodeOptions(Frozen):
    """How episodes are played; the keyword arguments of `gym.make` and of every adapter."""

    limits: Limits = Field(default_factory=Limits)
    resources: Resources = Field(default_factory=Resources)
    feedback: Literal["public", "none", "paper"] = "public"
    """What `score` answers: the score on the public part of the hidden rows, nothing, or (the habit
    of the paper's release) the final score with all milestones, without a limit of calls."""
    reward: str | Callable[..., float | Reward] = "paper"
    """A name of `rewards`, or a function with the same arguments."""
    protocol: str = "plain"
    """A name of `protocols`."""
    python_state: Literal["fresh", "persistent"] = "fresh"
    """Whether `python` runs a fresh script each time, or cells of one session as in a notebook."""
    sandbox: str = "auto"
    """A backend by name; `auto` is never an unsafe one."""
    sandbox_options: dict[str, Any] = Field(default_factory=dict)
    """Options of that backend, such as `preload` and `gpus`; see `sandbox.get_backend`."""


def make_options(**options: Any) -> EpisodeOptions:
    """Check options given by keyword.

    Raises:
        UserError: A name or a value is wrong; the message names the field.
    """
    try:
        made = EpisodeOptions.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = f"; known: {', '.join(EpisodeOptions.model_fields)}"
        hint = known if first["type"] == "extra_forbidden" else ""
        raise UserError(f"option {name!r}: {first['msg']}{hint}") from None
    get_protocol(made.protocol)
    get_reward(made.reward)
    return made


@dataclass(frozen=True)
class Turn:
    """One action and what came of it, for transcripts."""

    action: str
    call: ToolCall | None
    observation: str
    seconds: float
    """Wall time inside the sandbox; 0 for tools that run nothing."""
    queued: float = 0.0
    """Wall time before that, until a processor was free; no limit counts it."""


@dataclass(frozen=True)
class Outcome:
    """How an episode ended."""

    grade: Grade
    reward: Reward


@dataclass
class Stats:
    """Clocks of an episode. They are kept out of observations and infos, which must not depend on them."""

    command_seconds: float = 0.0
    """Wall time of all commands inside the sandbox."""
    queue_seconds: float = 0.0
    """Wall time that they waited before that, until a processor was free."""
    turns: list[float] = field(default_factory=list)
    """Wall time of each turn as the caller saw it."""


class Episode:
    """One agent's go at one task. Not thread-safe but for `abort`; many episodes may live in many threads."""

    def __init__(self, task: Task, options: EpisodeOptions | None = None) -> None:
        """Prepare an episode; the sandbox opens with the first command.

        Raises:
            IsolationUnavailableError: This machine offers no isolation.
        """
        self.task = task
        self.options = options or EpisodeOptions()
        self.transcript: list[Turn] = []
        self.stats = Stats()
        self.outcome: Outcome | None = None
        self.stop: Stop | None = None
        self._turns = self._well_formed = 0
        self._scores_left = self.options.limits.score_calls
        self._parse = get_protocol(self.options.protocol)
        self._reward: RewardFunction = get_reward(self.options.reward)
        self._backend = get_backend(
            self.options.sandbox, public_root=public_root(), **self.options.sandbox_options
        )
        self._sandbox: Sandbox | None = None
        self.closed = self._dead = False
        self._seconds = self._queued = 0.0
        self._tools: Mapping[str, Callable[[str], str]] = {
            "bash": lambda command: self._run("bash", command),
            "python": lambda code: self._run(
                "cell" if self.options.python_state == "persistent" else "python", code
            ),
            "validate": lambda _: self._validate(),
            "score": lambda _: self._score(),
            "submit": lambda _: self._submit(),
        }

    @property
    def prompt(self) -> str:
        """The task in words, the rules of the episode, and how to write actions."""
        limits = self.options.limits
        python = (
            "one Python session: variables stay from call to call"
            if self.options.python_state == "persistent"
            else "a fresh Python process each time: only files stay"
        )
        score = {
            "public": f"the score on a public part of the hidden rows ({limits.score_calls} calls)",
            "none": "nothing but the format check in this episode",
            "paper": "the final score and the milestones",
        }[self.options.feedback]
        description = self.task.bundle.public["description.md"].decode()
        return (
            f"{description.rstrip()}\n\n## How to work\n\n"
            "You act in a Linux sandbox without network. The working directory holds the files above, "
            f"read-only; leave your predictions in `{SUBMISSION}`.\n\n"
            f"- `bash` runs a shell command, `python` runs {python}.\n"
            "- Python has numpy, pandas, scipy, scikit-learn and LightGBM; use one thread.\n"
            "- `validate` checks the format of the submission; "
            f"`score` answers {score}.\n"
            "- `submit` hands the submission in and ends the episode. What counts is the score on the "
            "other, private rows.\n"
            f"- Limits: {limits.turns} actions, {limits.step_seconds:g} s per action, "
            f"{limits.episode_seconds:g} s in all.\n\n{instructions(self.options.protocol)}\n"
        )

    @property
    def done(self) -> bool:
        """True once the episode has ended, by submission or by a limit."""
        return self.stop is not None

    @property
    def terminated(self) -> bool:
        """True once the agent has handed in."""
        return self.stop == "submitted"

    @property
    def truncated(self) -> bool:
        """True once a limit, or the caller, has ended the episode."""
        return self.done and not self.terminated

    @property
    def turns_left(self) -> int:
        """Actions the agent still has."""
        return self.options.limits.turns - self._turns

    @property
    def format_rate(self) -> float:
        """Share of the actions so far that the protocol found well-formed, in [0, 1]."""
        return self._well_formed / self._turns if self._turns else 0.0

    @property
    def info(self) -> dict[str, Any]:
        """Facts for trainers: flat, type-stable, and the same for the same actions.

        The keys from `valid` on come with the end of the episode.
        """
        brief = self.task.bundle.brief
        info: dict[str, Any] = {
            "task": self.task.reference,
            "suite_version": self.task.suite_version or "",
            "card": brief.card,
            "modality": brief.modality.value,
            "metric": brief.metric.name,
            "turn": self._turns,
            "turns_left": self.turns_left,
            "score_calls_left": self._scores_left,
            "format_rate": self.format_rate,
        }
        if self.outcome is not None:
            grade, reward = self.outcome.grade, self.outcome.reward
            info |= {
                "valid": grade.valid,
                "score": math.nan if grade.score is None else grade.score,
                "medal": grade.medal,
                "beaten": math.nan if grade.beaten is None else grade.beaten,
                "problem": grade.problem or "",
                "reward_parts": dict(reward.parts),
            }
        return info

    def act(self, text: str) -> str:
        """Play one action given as the agent's text and return the observation.

        Raises:
            EpisodeOverError: The episode has ended.
            SandboxError: The sandbox broke; the episode is void.
        """
        return self._turn(text, self._parse(text))

    def call(self, call: ToolCall) -> str:
        """Play one action given as a tool call, which counts as well-formed.

        Raises:
            EpisodeOverError: The episode has ended.
            SandboxError: The sandbox broke; the episode is void.
        """
        return self._turn(_written(call), Parsed(call, well_formed=True))

    def call_tool(self, name: str, arguments: object) -> str:
        """Play one action given by name, with arguments as a mapping or as JSON, as trainers deliver it.

        One that fits no tool is answered by a sentence, and costs a turn and format.

        Raises:
            EpisodeOverError: The episode has ended.
            SandboxError: The sandbox broke; the episode is void.
        """
        try:
            call = make_call(name, arguments)
        except MalformedCallError as error:
            return self._turn(f"{name} {arguments}", Parsed(None, False, str(error)))
        return self.call(call)

    def finish(self) -> Outcome:
        """End the episode where it stands and grade the submission that lies there.

        For callers with limits of their own (tokens, a model that stops calling tools).
        """
        if self.outcome is None:
            self.stop = self.stop or "caller"
            bundle = self.task.bundle
            grade = get_grader().grade(bundle, self._fetch())
            reward = self._reward(
                grade, bundle.milestones, get_metric(bundle.brief.metric), self.format_rate
            )
            self.outcome = Outcome(grade, reward)
            self._release()
        return self.outcome

    def abort(self) -> None:
        """End every process of the episode at once, from any thread; `close` it all the same.

        The action that is being played, if any, ends as with a dead sandbox; no other is played.
        """
        self.closed = True
        sandbox = self._sandbox
        if sandbox is not None:
            sandbox.kill()

    def close(self) -> None:
        """Drop the sandbox; calling it twice is fine."""
        self.closed = True
        self._release()

    def _turn(self, text: str, parsed: Parsed) -> str:
        if self.done or self.closed:
            raise EpisodeOverError("the episode is over: call reset() or open a new one")
        start, self._seconds, self._queued = time.perf_counter(), 0.0, 0.0
        self._turns += 1
        self._well_formed += parsed.well_formed
        call = parsed.call
        observation = parsed.problem if call is None else self._tools[call.name](call.argument)
        self.stats.command_seconds += self._seconds
        self.stats.queue_seconds += self._queued
        if not self.done and (limit := self._limit_reached()):
            self.stop = limit
            observation = f"{observation}\n[the episode ended: {_ENDS[limit]}]"
        self.transcript.append(Turn(text, call, observation, self._seconds, self._queued))
        if self.done:
            self.finish()
        self.stats.turns.append(time.perf_counter() - start)
        return observation

    def _limit_reached(self) -> Stop | None:
        if self._dead:
            return "dead"
        if self.turns_left <= 0:
            return "turns"
        if self.stats.command_seconds >= self.options.limits.episode_seconds:
            return "time"
        return None

    def _run(self, kind: Literal["bash", "python", "cell"], source: str) -> str:
        limits = self.options.limits
        left = limits.episode_seconds - self.stats.command_seconds
        seconds = max(min(limits.step_seconds, left), 0.1)
        result = self._open().run(kind, source, seconds=seconds, keep_bytes=4 * limits.output_chars)
        self._seconds, self._queued = result.seconds, result.queued
        self._dead = result.status == "dead"
        return describe(result, seconds, limits.output_chars)

    def _validate(self) -> str:
        return get_grader().check(self.task.bundle, self._fetch()).message

    def _score(self) -> str:
        feedback = self.options.feedback
        if feedback == "none":
            return self._validate()
        if feedback == "paper":
            return self._paper_score()
        if self._scores_left <= 0:
            return "No calls of score are left in this episode."
        bundle = self.task.bundle
        grade = get_grader().grade(bundle, self._fetch(), part="public", standard_error=True)
        if grade.score is None:
            return grade.message
        self._scores_left -= 1
        metric = get_metric(bundle.brief.metric)
        better = "higher" if metric.greater_is_better else "lower"
        shown = round_to_error(grade.score, grade.standard_error)
        return (
            f"{metric.title} on the public rows: {shown} ({better} is better). "
            f"Calls of score left: {self._scores_left}."
        )

    def _paper_score(self) -> str:
        bundle = self.task.bundle
        grade = get_grader().grade(bundle, self._fetch())
        if grade.score is None:
            return grade.message
        metric, marks = get_metric(bundle.brief.metric), bundle.milestones
        better = "higher" if metric.greater_is_better else "lower"
        return (
            f"{metric.title}: {grade.score:.6g} ({better} is better). Milestones: median "
            f"{marks.median:.6g}, bronze {marks.bronze:.6g}, silver {marks.silver:.6g}, "
            f"gold {marks.gold:.6g}."
        )

    def _submit(self) -> str:
        self.stop = "submitted"
        outcome = self.finish()
        return "Submitted." if outcome.grade.valid else f"Submitted. {outcome.grade.message}"

    def _open(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = self._backend.open(self.task.public_folder, self.options.resources)
            if self.closed:  # aborted meanwhile
                self._sandbox.kill()
        return self._sandbox

    def _fetch(self) -> Fetched:
        if self._sandbox is None:
            return Fetched(None, "missing")
        schema = self.task.bundle.brief.submission
        return self._sandbox.get(SUBMISSION, max_bytes=schema.max_bytes)

    def _release(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None


def _written(call: ToolCall) -> str:
    return f"{call.name}\n{call.argument}" if call.argument else call.name
