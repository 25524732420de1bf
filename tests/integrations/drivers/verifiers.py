"""Plays through `vf-eval`, whose model is the agent behind an OpenAI-compatible endpoint."""

import tempfile

from integrations.fake_openai import FakeOpenAI
from integrations.harness import Agent, Played, TrainerCrashError
from serving.vf import evaluate

REQUIRES = ("verifiers.v1",)


def play(task: str, agent: Agent) -> Played:
    crashed: list[BaseException] = []
    seen: list[str] = []

    def model(request):
        seen[:] = [m["content"] for m in request["messages"] if m["role"] == "tool"]
        try:
            return {"calls": [next(agent)]}
        except TrainerCrashError as error:
            crashed.append(error)
            return error

    with FakeOpenAI(model) as server, tempfile.TemporaryDirectory() as folder:
        (trace,) = evaluate(server.url, folder, taskset={"tasks": [task]})
    if crashed:
        raise crashed[0]
    return Played((*seen, trace.info["sandmle"]["last_observation"]), trace.reward)
