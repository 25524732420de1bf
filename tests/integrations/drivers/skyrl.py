"""Plays as SkyRL's generator does: make, init, step until done, close."""

import skyrl_gym
from integrations.harness import Agent, Played, as_text, unwrapped

from sandmle_gym.integrations.skyrl import ID, register

REQUIRES = ("skyrl_gym",)


def play(task: str, agent: Agent) -> Played:
    register()
    env = skyrl_gym.make(ID, env_config={}, extras={"extra_info": {"task": task}})
    env.init([{"role": "user", "content": task}])
    observations, reward, done = [], 0.0, False
    while not done:
        out = env.step(as_text(next(agent)))
        observations.append(unwrapped(out["observations"][0]["content"]))
        reward, done = reward + out["reward"], out["done"]
    env.close()
    return Played(tuple(observations), reward)
