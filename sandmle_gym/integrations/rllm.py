"""rLLM: an `@rollout` and its `@evaluator`, over the endpoint that rLLM records.

    flow, evaluator = make_flow(reward="paper")

rLLM hands over a task whose `metadata` is a row of `dataset(split, "hf")`, and rebuilds tokens and masks
from what passed through its gateway; the evaluator reports the reward of the graded submission.
"""

# Without the library, pyright takes `rllm` for this very file.
# pyright: reportMissingImports=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Any

import rllm
from rllm.types import Episode as RllmEpisode
from rllm.types import Trajectory as RllmTrajectory

from sandmle_gym.catalogue import open_task
from sandmle_gym.episode import Episode, make_options
from sandmle_gym.errors import SandboxError
from sandmle_gym.rollout import make_client, rollout
from sandmle_gym.threads import in_thread


def make_flow(**options: Any) -> tuple[Any, Any]:
    """Make the two functions that an rLLM trainer takes.

    Args:
        options: `episode.EpisodeOptions`; default protocol: tools.

    Raises:
        UserError: An option is wrong.
    """
    made = make_options(**{"protocol": "tools", **options})

    @rllm.rollout(name="sandmle")
    async def play(task: Any, config: Any) -> RllmEpisode:
        """Play one episode.

        Raises:
            SandboxError: The sandbox broke; the episode is void.
        """
        opened = await in_thread(open_task, task.metadata["task"])
        episode = await in_thread(Episode, opened, made)
        async with make_client(config.base_url) as client:
            played = await rollout(episode, client, model=config.model, **config.sampling_params)
        if played.reward is None:
            raise SandboxError(f"the episode of {played.task} is void")
        trajectory = RllmTrajectory(name="sandmle", task=task.metadata, reward=played.reward)
        return RllmEpisode(
            task=task.metadata,
            trajectories=[trajectory],
            metrics=dict(played.reward_parts),
            artifacts={"trajectory": played.dumps(), "stop": played.stop},
        )

    @rllm.evaluator
    def evaluate(task: Any, episode: RllmEpisode) -> tuple[float, bool]:
        """Report the reward that was graded, and whether it was earned in full (to rounding)."""
        del task
        reward = float(episode.trajectories[0].reward or 0.0)
        return reward, reward > 0.999

    return play, evaluate
