"""Laws of rollouts over an OpenAI-compatible endpoint, and of what they leave: trajectories."""

import asyncio
import json
import time

import pytest

pytest.importorskip("openai")

import openai
from integrations.fake_openai import FakeOpenAI
from integrations.harness import TASKS

from sandmle_gym.catalogue import open_task
from sandmle_gym.episode import Episode, make_options
from sandmle_gym.errors import SandboxError
from sandmle_gym.rollout import make_client, rollout
from sandmle_gym.trajectory import Trajectory

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]

COPY = {"calls": [("bash", {"command": "cp sample_submission.csv submission.csv"})]}
SUBMIT = {"calls": [("submit", {})]}


def episode(**options):
    return Episode(open_task(TASKS[0]), make_options(**{"protocol": "tools", **options}))


@pytest.fixture
def play():
    """Play replies in turn; the last one is repeated."""

    def _play(*replies, options=None, **request):
        turn = iter(range(10**6))
        with FakeOpenAI(lambda _: replies[min(next(turn), len(replies) - 1)]) as server:

            async def run():
                async with make_client(server.url, max_retries=0) as client:
                    return await rollout(episode(**options or {}), client, model="fake", **request)

            return asyncio.run(run()), server.requests

    return _play


def test_native_tool_calls_play_the_episode(play):
    trajectory, requests = play(COPY, SUBMIT, temperature=0.5)
    assert trajectory.stop == "submitted"
    assert trajectory.reward == pytest.approx(0.4)
    roles = [message["role"] for message in trajectory.messages]
    assert roles == ["user", "assistant", "tool", "assistant", "tool"]
    assert requests[0]["temperature"] == 0.5
    assert {tool["function"]["name"] for tool in requests[0]["tools"]} >= {"bash", "submit"}


def test_text_protocols_play_it_too_and_offer_no_tools(play):
    copy = {
        "content": "<think>first</think>\n```bash\ncp sample_submission.csv submission.csv\n```"
    }
    trajectory, requests = play(copy, {"content": "```submit\n```"}, options={"protocol": "fenced"})
    assert trajectory.reward == pytest.approx(0.4)
    assert "tools" not in requests[0]


def test_a_message_without_a_call_and_a_call_that_fits_nothing_cost_turns_and_format(play):
    wrong = {"calls": [("bsh", "{broken"), ("bash", {"cmd": 1})]}
    trajectory, _ = play({"content": "Let me think."}, wrong, options={"limits": {"turns": 3}})
    assert trajectory.stop == "turns"
    assert trajectory.reward == 0
    assert [turn["tool"] for turn in trajectory.turns] == [None] * 3
    assert "Did you mean bash" in trajectory.turns[1]["observation"]


def test_calls_after_the_end_are_answered(play):
    both = {"calls": [*SUBMIT["calls"], ("bash", {"command": "ls"})]}
    trajectory, _ = play(both)
    assert trajectory.messages[-1]["content"] == "The episode is over."


def test_a_full_context_ends_the_episode_with_what_lies_there(play):
    for options in ({"context_tokens": 10}, {}):
        replies = (COPY, ValueError("maximum context length is 10 tokens"))
        trajectory, _ = play(*replies, **options)
        assert trajectory.stop == "tokens"
        assert trajectory.reward == pytest.approx(0.3 + 0.1)


def test_a_server_that_refuses_is_the_callers_problem(play):
    with pytest.raises(openai.BadRequestError):
        play(ValueError("no such model"))


def test_a_broken_sandbox_makes_the_trajectory_void(play, monkeypatch):
    def broken(*_):
        raise SandboxError("gone")

    monkeypatch.setattr("sandmle_gym.episode.Episode.call_tool", broken)
    trajectory, _ = play(COPY)
    assert (trajectory.stop, trajectory.reward, trajectory.masked) == ("void", None, True)


def test_many_rollouts_run_at_once():
    sleep = {"calls": [("bash", {"command": "sleep 1"})]}

    def script(request):
        return sleep if len(request["messages"]) == 1 else SUBMIT

    async def run(server):
        async with make_client(server.url) as client:
            runs = [rollout(episode(), client, model="fake") for _ in range(12)]
            return await asyncio.gather(*runs)

    with FakeOpenAI(script) as server:
        asyncio.run(run(server))
        started = time.monotonic()
        trajectories = asyncio.run(run(server))
    assert {t.stop for t in trajectories} == {"submitted"}
    assert time.monotonic() - started < 9


def test_a_cancelled_rollout_closes_its_episode():
    sleep = {"calls": [("bash", {"command": "sleep 1"})]}

    async def run(server):
        played = episode()
        async with make_client(server.url) as client:
            task = asyncio.create_task(rollout(played, client, model="fake"))
            await asyncio.sleep(0.6)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return played

    with FakeOpenAI(lambda _: sleep) as server:
        assert asyncio.run(run(server)).closed


def test_a_trajectory_survives_json_and_becomes_a_row_of_chat(play):
    trajectory, _ = play(COPY, SUBMIT)
    assert Trajectory.loads(trajectory.dumps()) == trajectory
    row = json.loads(json.dumps(trajectory.chat()))
    assert row["messages"][0]["role"] == "user"
    assert row["tools"]
