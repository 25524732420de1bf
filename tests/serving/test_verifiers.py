"""Laws of the verifiers taskset, evaluated by verifiers itself with a scripted model."""

import json
import os
import subprocess
import sys

import pytest
from integrations.fake_openai import FakeOpenAI

pytest.importorskip("verifiers.v1")

COPY = {"command": "cp sample_submission.csv submission.csv"}


def play(*calls):
    """Return a model that makes these calls, whatever it is told."""

    def model(request):
        done = sum(message["role"] == "tool" for message in request["messages"])
        return {"calls": [calls[done]]}

    return model


@pytest.fixture
def evaluate(tmp_path):
    def _evaluate(model, **options):
        from serving.vf import evaluate

        with FakeOpenAI(model) as server:
            options = {"taskset": {"tasks": ["task-042"]}, "num_rollouts": 1, **options}
            return evaluate(server.url, tmp_path, **options)

    return _evaluate


def test_vf_eval_finds_the_taskset_by_name_and_pays_the_reward(tmp_path):
    with FakeOpenAI(play(("bash", COPY), ("submit", {}))) as server:
        code = "from verifiers.v1.cli.eval.main import main; main()"
        options = ["-m", "fake", "-n", "2", "-r", "2", "--no-push", "--no-rich"]
        options += ["--client.base-url", server.url, "--client.api-key-var", "KEY"]
        options += ["--env.agent.runtime.type", "subprocess", "-o", str(tmp_path)]
        command = [sys.executable, "-W", "ignore", "-c", code, "sandmle-verifiers", *options]
        env = {**os.environ, "KEY": "none"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 8
        offered = [tool["function"]["name"] for tool in server.requests[0]["tools"]]
    assert offered == ["bash", "python", "validate", "score", "submit"]
    (path,) = tmp_path.rglob("traces.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rewards = [row["traces"][0]["rewards"]["sandmle"]["score"] for row in rows]
    assert all(row["ok"] for row in rows)
    assert rewards == [pytest.approx(0.4)] * 4


def test_bad_arguments_are_answered_and_cost_format(evaluate):
    model = play(("bash", COPY), ("bash", "{nonsense"), ("bahs", {}), ("submit", {}))
    (trace,) = evaluate(model)
    assert trace.info["sandmle"]["format_rate"] == 0.5
    assert not trace.errors


def test_what_lies_there_is_graded_when_verifiers_ends_the_rollout(evaluate):
    (trace,) = evaluate(play(*[("bash", COPY)] * 9), agent={"max_turns": 2})
    assert trace.stop_condition == "max_turns"
    assert trace.info["sandmle"]["grade"]["valid"]
    assert trace.reward > 0


def test_a_model_that_fails_makes_an_error_not_a_reward(evaluate):
    (trace,) = evaluate(lambda _: RuntimeError("the model is gone"))
    assert trace.errors
    assert "sandmle" not in trace.info


def test_episodes_play_at_once(evaluate):
    import time

    slow = play(("bash", {"command": "sleep 1"}), ("submit", {}))
    evaluate(slow)  # warm
    start = time.perf_counter()
    evaluate(slow, num_rollouts=8)
    assert time.perf_counter() - start < 6
