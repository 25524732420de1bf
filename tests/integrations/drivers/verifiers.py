"""Plays through `vf-eval`, whose model is the agent behind an OpenAI-compatible endpoint."""

import tempfile

from integrations.harness import Agent, Played
from serving.fake_openai import FakeOpenAI, tool_call
from serving.vf import evaluate

REQUIRES = ("verifiers.v1",)


def play(task: str, agent: Agent) -> Played:
    crashed: list[BaseException] = []
    seen: list[str] = []

    def model(messages, tools):
        seen[:] = [message["content"] for message in messages if message["role"] == "tool"]
        try:
            return tool_call(*next(agent), number=len(messages))
        except BaseException as error:
            crashed.append(error)
            raise

    with FakeOpenAI(model) as server, tempfile.TemporaryDirectory() as folder:
        (trace,) = evaluate(server.url, folder, taskset={"tasks": [task]})
    if crashed:
        raise crashed[0]
    return Played((*seen, trace.info["sandmle"]["last_observation"]), trace.reward)
