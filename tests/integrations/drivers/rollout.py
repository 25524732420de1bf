"""Plays through the OpenAI SDK, against a server that plays the script."""

import asyncio

from integrations.fake_openai import FakeOpenAI
from integrations.harness import Agent, Played, TrainerCrashError

from sandmle_gym.catalogue import open_task
from sandmle_gym.episode import Episode, make_options
from sandmle_gym.rollout import make_client, rollout

REQUIRES = ("openai",)


def play(task: str, agent: Agent) -> Played:
    def script(_):
        try:
            return {"calls": [next(agent)]}
        except TrainerCrashError as error:
            return error

    async def run(url):
        episode = Episode(open_task(task), make_options(protocol="tools"))
        async with make_client(url) as client:
            return await rollout(episode, client, model="fake")

    with FakeOpenAI(script) as server:
        try:
            trajectory = asyncio.run(run(server.url))
        except Exception as error:
            raise TrainerCrashError from error
    return Played(tuple(turn["observation"] for turn in trajectory.turns), trajectory.reward)
