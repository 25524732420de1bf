"""Plays through rLLM's `@rollout`, against a model server that plays the script."""

import asyncio
import json

from integrations.fake_openai import FakeOpenAI
from integrations.harness import Agent, Played, TrainerCrashError
from rllm.types import AgentConfig, Task

from sandmle_gym.integrations.rllm import make_flow

REQUIRES = ("rllm", "openai")


def play(task: str, agent: Agent) -> Played:
    def script(_):
        try:
            return {"calls": [next(agent)]}
        except TrainerCrashError as error:
            return error

    flow, evaluate = make_flow()
    with FakeOpenAI(script) as server:
        config = AgentConfig(base_url=server.url, model="fake", session_uid="0")
        row = Task(id=task, instruction="", metadata={"task": task})
        try:
            episode = asyncio.run(flow.arun(row, config))
        except Exception as error:
            raise TrainerCrashError from error
    turns = json.loads(episode.artifacts["trajectory"])["turns"]
    reward = evaluate(row, episode).reward
    return Played(tuple(turn["observation"] for turn in turns), reward)
