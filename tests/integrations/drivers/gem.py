"""Plays through the GEM class of the documentation, taken from there word by word."""

import re
from functools import cache
from pathlib import Path

import gem
from integrations.harness import Agent, Played, as_text

REQUIRES = ("gem",)

PAGE = Path(__file__).parents[3] / "docs" / "integrations" / "rollout.md"


@cache
def register() -> None:
    snippet = re.search(r"```python\n(import gem\n.*?)```", PAGE.read_text(), re.DOTALL)[1]
    exec(compile(snippet, PAGE.name, "exec"), {"__name__": "gem_snippet"})


def play(task: str, agent: Agent) -> Played:
    register()
    env = gem.make("sandmle:SandMLE-v0", task=task, protocol="hermes")
    env.reset()
    observations, reward, done = [], 0.0, False
    while not done:
        observation, paid, terminated, truncated, _ = env.step(as_text(next(agent)))
        observations.append(observation)
        reward, done = reward + paid, terminated or truncated
    return Played(tuple(observations), reward)
