"""verifiers (and so prime-rl): the taskset `sandmle-verifiers`, and the harness that plays it.

    vf-eval sandmle-verifiers -m my-model --env.taskset.split val --env.agent.runtime.type subprocess

verifiers finds a taskset by the name of a top-level module, which is why this is one. The harness runs
in verifiers' own process: agent code runs in our sandbox, whatever the runtime is, and every model call
goes through verifiers, which keeps the tokens.
"""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false
from collections.abc import Iterator
from typing import Any

import verifiers.v1 as vf
from verifiers.v1.errors import HarnessError, SandboxError

from sandmle_gym.catalogue import normalise, open_task, suite_lock
from sandmle_gym.episode import Episode, make_options
from sandmle_gym.rollout import make_client, rollout
from sandmle_gym.source import Source
from sandmle_gym.threads import in_thread
from sandmle_gym.trajectory import Trajectory

__all__ = ["SandMLEHarness", "SandMLETaskset"]


class SandMLEData(vf.TaskData):
    """One task by reference. Its prompt here is a title; the model gets the episode's, once drawn."""

    reference: str


class SandMLETask(vf.Task[SandMLEData]):
    """Pays what the episode earned."""

    @vf.reward
    async def sandmle(self, trace: vf.Trace) -> float:
        """Return the reward; there is none, and an error, for an episode that has no outcome."""
        return trace.info["sandmle"]["reward"]

    @vf.metric
    async def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """Return what averages are wanted of."""
        record = trace.info["sandmle"]
        return {
            "valid": float(record["grade"]["valid"]),
            "medal": float(record["grade"]["medal"] not in ("none", "median")),
            "actions": float(record["actions"]),
            "format_rate": record["format_rate"],
        }


class SandMLEConfig(vf.TasksetConfig):
    """Which tasks."""

    split: str = "train"
    """train, val or test."""
    tasks: tuple[str, ...] = ()
    """References; these tasks instead of a split."""


class SandMLETaskset(vf.Taskset[SandMLETask, SandMLEConfig]):
    """The frozen suite, or a part of it."""

    def load(self) -> Iterator[SandMLETask]:
        """Yield the tasks; nothing is drawn before an episode begins."""
        frozen = suite_lock()["tasks"]
        names = [normalise(name) for name in self.config.tasks]
        for name in names or Source(split=self.config.split).frozen():
            title = frozen.get(name, {}).get("title", name)
            data = SandMLEData(name=name, prompt=title, reference=name)
            yield SandMLETask(data, self.config.task)


class SandMLEHarnessConfig(vf.HarnessConfig):
    """How episodes are played; see `episode.EpisodeOptions`."""

    protocol: str = "tools"
    """`tools`: native function calls; any other reads actions from the model's text."""
    feedback: str = "public"
    reward: str = "paper"
    python_state: str = "fresh"
    sandbox: str = "auto"
    turns: int = 30
    step_seconds: float = 60.0
    episode_seconds: float = 1200.0
    max_tokens: int | None = None
    """Longest answer of the model to one turn."""


class SandMLEHarness(vf.Harness[SandMLEHarnessConfig]):
    """Plays an episode with whatever model stands behind the endpoint."""

    NEEDS_CONTAINER = False
    EXECUTES_CODE = False
    """The runtime of verifiers runs nothing for us."""

    def __init__(self, config: SandMLEHarnessConfig) -> None:
        super().__init__(config)
        self._options = make_options(
            **config.model_dump(
                include={"protocol", "feedback", "reward", "python_state", "sandbox"}
            ),
            limits=config.model_dump(include={"turns", "step_seconds", "episode_seconds"}),
        )

    async def launch(  # noqa: PLR0913 — verifiers' signature
        self,
        ctx: Any,
        trace: vf.Trace,
        runtime: Any,  # noqa: ARG002
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],  # noqa: ARG002
        data: SandMLEData,
    ) -> vf.ProgramResult:
        """Play one episode. One that verifiers stops (turns, tokens, time) is graded as it stands.

        Raises:
            HarnessError: There is a system prompt, for which an episode has no place.
            SandboxError: Our sandbox broke; the rollout is an error, not a reward of 0.
        """
        if data.system_prompt is not None:
            raise HarnessError("sandmle tasks take no system prompt: the prompt is the episode's")
        episode = await in_thread(lambda: Episode(open_task(data.reference), self._options))
        async with make_client(endpoint, secret, max_retries=0, timeout=None) as client:
            trajectory = await rollout(
                episode, client, model=ctx.model, max_tokens=self.config.max_tokens
            )
        if trajectory.reward is None:
            raise SandboxError(f"the sandbox broke in {data.reference}: the episode is void")
        trace.info["sandmle"] = _record(trajectory, episode.format_rate)
        return vf.ProgramResult(0, "", "")


def _record(trajectory: Trajectory, format_rate: float) -> dict[str, Any]:
    return {
        "task": trajectory.task,
        "reward": trajectory.reward,
        "reward_parts": trajectory.reward_parts,
        "grade": trajectory.grade,
        "stop": trajectory.stop,
        "last_observation": trajectory.turns[-1]["observation"] if trajectory.turns else "",
        "masked": trajectory.masked,
        "actions": len(trajectory.turns),
        "format_rate": format_rate,
    }
