"""Plays through the native form."""

import gymnasium
from integrations.harness import Agent, Played, as_text

import sandmle_gym

REQUIRES = ("gymnasium",)

gymnasium.register_envs(sandmle_gym)


def play(task: str, agent: Agent) -> Played:
    env = gymnasium.make(f"SandMLE/{task}", protocol="hermes", disable_env_checker=True)
    try:
        env.reset()
        observations, reward, done = [], 0.0, False
        while not done:
            observation, paid, terminated, truncated, _ = env.step(as_text(next(agent)))
            observations.append(observation)
            reward, done = reward + paid, terminated or truncated
        return Played(tuple(observations), reward)
    finally:
        env.close()
