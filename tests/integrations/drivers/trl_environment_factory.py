"""Plays through a GRPO trainer's own tool loop, with the model's part scripted."""

import re
import tempfile
import warnings

from integrations.drivers.trl_rollout_func import trainer
from integrations.harness import SCRIPT, Agent, Played

from sandmle_gym.integrations.trl import make_env_factory

REQUIRES = ("trl", "torch")


def play(task: str, agent: Agent) -> Played:
    seen: list[list[int]] = []

    def calls():
        """TRL plays every call for both rollouts of the group; then the model stops calling."""
        yield from agent
        yield None

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = trainer(task, calls(), folder, environment_factory=make_env_factory())
        made.seen = seen
        made.train()
    text = made.processing_class.decode(seen[-1])
    answers = re.findall(r"<tool_response>\n(.*?)\n</tool_response>", text, re.DOTALL)
    return Played(tuple(answers[-len(SCRIPT) :]), made.state.log_history[0]["reward"])
