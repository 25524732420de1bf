"""The cross-check: verifiers' own OpenEnv taskset against our server, with nothing of ours between.

verifiers 0.4 and OpenEnv 0.10 cannot share an environment, so the server runs in another one, whose
Python the variable SANDMLE_SERVER_PYTHON names; the test is skipped without it.
"""

import json
import os
import subprocess
import sys

import pytest
from integrations.fake_openai import FakeOpenAI
from serving.conftest import served

pytest.importorskip("verifiers.v1")
pytest.importorskip("openenv")

PYTHON = os.environ.get("SANDMLE_SERVER_PYTHON")
CALLS = (("bash", {"command": "cp sample_submission.csv submission.csv"}), ("submit", {}))


def model(request):
    """Answer as their taskset wants it: the message is the action, in JSON."""
    name, arguments = CALLS[sum(message["role"] == "assistant" for message in request["messages"])]
    call = {"type": "call_tool", "tool_name": name, "arguments": arguments}
    return {"content": json.dumps(call)}


CONFIG = """
model = "fake"
push = false
num_rollouts = 1
output_dir = "{folder}"
[client]
base_url = "{model}"
api_key_var = "KEY"
[env.taskset]
id = "openenv"
base_url = "{server}"
resets = [{{task = "task-042"}}, {{split = "train", index = 1}}]
[env.player.harness]
id = "null"
[env.player.runtime]
type = "subprocess"
"""


@pytest.mark.skipif(PYTHON is None, reason="SANDMLE_SERVER_PYTHON is not set")
def test_verifiers_own_openenv_taskset_plays_on_our_server(tmp_path):
    with served(python=PYTHON) as server, FakeOpenAI(model) as openai:
        path = tmp_path / "eval.toml"
        path.write_text(CONFIG.format(folder=tmp_path, model=openai.url, server=server.url))
        code = "from verifiers.v1.cli.eval.main import main; main()"
        command = [sys.executable, "-W", "ignore", "-c", code, "@", str(path), "--no-rich"]
        env = {**os.environ, "KEY": "none"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert server.metric('sandmle_episodes_total{end="submitted"}') == 2
        assert "sample_submission.csv" in str(openai.requests[0]["messages"])
    (traces,) = tmp_path.rglob("traces.jsonl")
    rows = [json.loads(line)["traces"][0] for line in traces.read_text().splitlines()]
    rewards = [row["rewards"]["openenv_reward"]["score"] for row in rows]
    assert rewards == [pytest.approx(0.4)] * 2
