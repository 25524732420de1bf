"""Plays as NeMo Gym's agent does: seed a session, post to the tools, verify."""

import warnings
from functools import cache
from unittest.mock import MagicMock

from integrations.harness import Agent, Played
from nemo_gym.server_utils import ServerClient

from sandmle_gym.integrations.nemo import SandMLEResourcesConfig, SandMLEResourcesServer

REQUIRES = ("nemo_gym.base_resources_server",)

RESPONSE = {
    "id": "r",
    "created_at": 0,
    "model": "m",
    "object": "response",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}


@cache
def _app():
    config = SandMLEResourcesConfig(host="127.0.0.1", port=0, entrypoint="", name="sandmle")
    server = SandMLEResourcesServer(config=config, server_client=MagicMock(spec=ServerClient))
    return server.setup_webserver()


def play(task: str, agent: Agent) -> Played:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient

    client = TestClient(_app())
    client.post("/seed_session", json={"task": task}).raise_for_status()
    verify = {"responses_create_params": {"input": "x"}, "response": RESPONSE}
    try:
        observations = []
        for name, arguments in agent:
            answer = client.post(f"/{name}", json=arguments)
            observations.append(answer.raise_for_status().text)
    finally:  # NeMo Gym verifies whatever its agent has come to
        reward = client.post("/verify", json=verify).raise_for_status().json()["reward"]
    return Played(tuple(observations), reward)
