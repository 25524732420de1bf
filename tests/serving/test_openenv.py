"""Laws of the OpenEnv server: what a well-behaved client gets."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandmle_gym.session import choose

pytest.importorskip("openenv")

COPY = "cp sample_submission.csv submission.csv"


def test_openenv_itself_finds_the_server_valid(server):
    command = [sys.executable, "-W", "ignore", "-m", "openenv.cli", "validate", "--url", server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert "FAIL" not in done.stdout


def test_the_client_of_the_documentation_plays_an_episode(server):
    code = f"""
from openenv.core import GenericEnvClient
with GenericEnvClient(base_url={server.url!r}).sync() as env:
    print(env.reset(task="task-042").observation["prompt"])
    call = {{"type": "call_tool", "tool_name": "bash", "arguments": {{"command": "ls"}}}}
    print(env.step(call).observation["result"])
    done = env.step({{"type": "call_tool", "tool_name": "submit", "arguments": {{}}}})
    print(done.reward, done.done)
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "train.csv" in done.stdout
    assert done.stdout.rstrip().endswith("True")


def test_openenvs_tool_client_lists_and_calls_the_tools(server):
    code = f"""
from openenv.core.mcp_client import MCPToolClient
with MCPToolClient(base_url={server.url!r}).sync() as env:
    env.reset(task="task-042")
    names = [tool.name for tool in env.list_tools()]
    print(names, env.call_tool("bash", command="echo $((6 * 7))")["result"])
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "['bash', 'python', 'validate', 'score', 'submit'] 42" in done.stdout


def test_a_session_earns_what_the_episode_in_process_earns(server, play, task):
    program = task.witness("expert")
    episode = play(f"```python\n{program}\n```", "validate", "submit")
    with server.session() as session:
        session.ask("reset", task="task-042")
        observed = [session.play("python", code=program), session.play("validate")]
        observed.append(session.play("submit"))
    said = [turn.observation for turn in episode.transcript]
    assert [data["observation"]["result"] for data in observed] == said
    assert [data["reward"] for data in observed] == [0.0, 0.0, episode.outcome.reward.total]
    assert [data["done"] for data in observed] == [False, False, True]
    assert observed[-1]["metadata"]["medal"] == episode.info["medal"] == "gold"


@pytest.mark.parametrize(
    ("choice", "reference"),
    [
        ({"task": "task-042"}, "task-042"),
        ({"task": "SandMLE/task-042"}, "task-042"),
        ({"split": "train", "index": 1}, choose(split="train", index=1)),
        ({"index": 2}, choose(index=2)),
    ],
)
def test_a_client_chooses_the_task(server, choice, reference):
    with server.session() as session:
        kind, data = session.ask("reset", **choice)
        assert kind == "observation", data
        assert data["observation"]["task"] == reference
        assert len(data["observation"]["prompt"]) > 200
        assert session.ask("state")[1]["task"] == reference


def test_a_seed_chooses_the_same_task_always(server):
    with server.session() as session:
        tasks = [session.ask("reset", split="train", seed=7)[1] for _ in range(3)]
    assert len({data["observation"]["task"] for data in tasks}) == 1


def test_the_task_api_tells_what_reset_takes_and_no_answer(server):
    splits = json.loads(server.http("/sandmle/splits")[1])
    assert {"name": "train", "type": "train"} in splits
    count = json.loads(server.http("/sandmle/num_tasks", {"split": "train"})[1])["num_tasks"]
    tasks = json.loads(server.http("/sandmle/tasks", {"split": "train"})[1])["tasks"]
    assert len(tasks) == count
    assert tasks[1]["id"] == choose(split="train", index=1)
    assert set(tasks[1]) <= {"id", "index", "title", "card", "metric"}
    status, _ = server.http("/sandmle/task", {"split": "train", "index": count})
    assert status == 400


def test_sessions_do_not_see_each_other_and_run_at_once(server):
    def play(number):
        with server.session() as session:
            session.ask("reset", task="task-042")
            session.play("bash", command=f"echo {number} > mine; sleep 1")
            return session.play("bash", command="cat mine; ls | wc -l")["observation"]["result"]

    play(0)  # warm
    start = time.perf_counter()
    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(play, range(6)))
    assert time.perf_counter() - start < 5
    assert [text.split()[0] for text in seen] == [str(number) for number in range(6)]
    assert len({text.split()[1] for text in seen}) == 1


def test_reset_starts_afresh_in_the_same_session(server):
    with server.session() as session:
        session.ask("reset", task="task-042")
        session.play("bash", command=COPY)
        session.ask("reset", task="task-042")
        listed = session.play("bash", command="ls")["observation"]["result"]
        assert "submission.csv" not in listed.split()


def test_health_and_metrics_can_be_asked(server):
    assert json.loads(server.http("/health")[1])["status"] == "healthy"
    before = server.metric("sandmle_steps_total")
    with server.session() as session:
        session.ask("reset", task="task-042")
        session.play("validate")
        assert server.metric("sandmle_sessions ") >= 1
    assert server.metric("sandmle_steps_total") >= before + 1


def test_the_limits_are_the_servers(serving):
    with serving("--turns", "2", "--reward", "sparse") as served, served.session() as session:
        assert "2 actions" in session.ask("reset", task="task-042")[1]["observation"]["prompt"]
        assert not session.play("bash", command=COPY)["done"]
        last = session.play("validate")
        assert last["done"]
        assert last["metadata"]["valid"]
