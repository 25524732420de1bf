"""Plays through OpenEnv's own client against `sandmle serve`."""

import atexit
from contextlib import ExitStack
from functools import cache

from integrations.harness import Agent, Played
from openenv.core import GenericEnvClient
from serving.conftest import served

REQUIRES = ("openenv.core.env_server",)


@cache
def _url() -> str:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(served()).url


def play(task: str, agent: Agent) -> Played:
    with GenericEnvClient(base_url=_url()).sync() as env:
        result = env.reset(task=task)
        observations, reward = [], 0.0
        while not result.done:
            name, arguments = next(agent)
            call = {"type": "call_tool", "tool_name": name, "arguments": arguments}
            result = env.step(call)
            observations.append(result.observation["result"])
            reward += result.reward
        return Played(tuple(observations), reward)
