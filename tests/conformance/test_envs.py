"""Laws of every registered id, and of every way Gymnasium runs it."""

import json
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sandmle_gym
from sandmle_gym.catalogue import cards, real_lock, suite_lock
from sandmle_gym.errors import EpisodeOverError, UserError
from sandmle_gym.protocols import protocol_names

gym.register_envs(sandmle_gym)

FROZEN = [f"SandMLE/{name}" for name in suite_lock()["tasks"]]
REAL = [f"SandMLE-Real/{name}-v0" for name in real_lock()["tasks"]]
ONE_PER_CARD = list(
    {entry["card"]: f"SandMLE/{name}" for name, entry in suite_lock()["tasks"].items()}.values()
)
PROGRAM = (
    "```python\nimport pandas as pd\n"
    "pd.read_csv('sample_submission.csv').to_csv('submission.csv', index=False)\n```"
)
ACTIONS = ["echo é日本🙂", PROGRAM, "validate", "score", "submit"]


def check(id_):
    env = gym.make(id_, disable_env_checker=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("id_", [*ONE_PER_CARD, *REAL, "SandMLE/Suite-v0"])
def test_gymnasiums_own_checker_has_nothing_to_say(id_):
    check(id_)


@pytest.mark.slow
@pytest.mark.parametrize("id_", FROZEN)
def test_gymnasiums_own_checker_has_nothing_to_say_of_frozen_ids(id_):
    check(id_)


@pytest.mark.slow
@pytest.mark.parametrize("slug", list(cards()))
def test_a_stream_draws_another_task_for_another_seed_and_the_same_for_the_same(slug):
    env = gym.make(f"SandMLE/{slug}-v0")
    first, info = env.reset(options={"index": 3})
    again, info_again = env.reset(options={"index": 3})
    other, _ = env.reset(options={"index": 4})
    env.close()
    assert (first, info) == (again, info_again)
    assert other != first
    assert info["task"] == f"{slug}#3"


def trajectory(env):
    """Everything that an agent and a trainer see of one scripted episode."""
    steps = [env.reset(seed=0)]
    steps += [env.step(action) for action in ACTIONS]
    env.close()
    return json.dumps(steps)


@pytest.mark.parametrize("id_", [*ONE_PER_CARD[:3], *REAL[:1]])
def test_the_same_actions_give_the_same_observations_rewards_and_infos(id_):
    assert trajectory(gym.make(id_)) == trajectory(gym.make(id_))


def test_the_seed_changes_nothing_in_a_frozen_task():
    env = gym.make("SandMLE/task-042")
    assert env.reset(seed=0) == env.reset(seed=1) == env.reset()
    env.close()


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_every_vectorisation_gives_the_same_episodes(context):
    def run(**how):
        vector = gym.make_vec("sandmle_gym:SandMLE/task-042", num_envs=2, **how)
        seen = [tuple(vector.reset(seed=0)[0])]
        rewards = []
        for action in ACTIONS:
            observations, reward, *_ = vector.step([action, "ls"])
            seen.append(tuple(observations))
            rewards.append([float(value) for value in reward])
        vector.close()
        return seen, rewards

    threads = run()
    assert threads == run(vectorization_mode="sync")
    assert threads == run(vectorization_mode="async", vector_kwargs={"context": context})


def test_threads_are_what_make_vec_gives_by_default():
    vector = gym.make_vec("SandMLE/task-042", num_envs=2)
    assert isinstance(vector, sandmle_gym.ThreadVectorEnv)
    vector.close()


def test_slots_may_play_different_tasks_and_reset_one_by_one():
    tasks = ["task-001", "task-002", "task-003"]
    vector = gym.make_vec("SandMLE/Suite-v0", num_envs=3, tasks=tasks)
    first, infos = vector.reset(seed=0)
    assert list(infos["task"]) == tasks
    vector.step(["submit", "ls", "submit"])
    mask = np.array([True, False, True])
    observations, _ = vector.reset(options={"reset_mask": mask})
    assert (observations[0], observations[2]) == (first[0], first[2])
    assert observations[1] != first[1]
    _, _, terminated, *_ = vector.step(["ls"] * 3)
    assert not terminated.any()
    vector.close()


def test_slots_can_be_stepped_as_they_complete():
    vector = gym.make_vec("SandMLE/task-042", num_envs=2)
    vector.reset(seed=0)
    order = [slot for slot, _ in vector.step_iter({0: "sleep 1", 1: "true"})]
    assert order == [1, 0]
    vector.close()


def test_a_time_limit_is_the_episodes_own_limit_so_that_the_last_step_is_graded():
    env = gym.make("SandMLE/task-042", max_episode_steps=2)
    env.reset()
    env.step("ls")
    _, reward, terminated, truncated, info = env.step("cp sample_submission.csv submission.csv")
    env.close()
    assert (terminated, truncated) == (False, True)
    assert info["valid"]
    assert reward > 0


def test_a_vector_takes_the_time_limit_too():
    vector = gym.make_vec("SandMLE/task-042", num_envs=1, max_episode_steps=1)
    vector.reset()
    *_, truncated, infos = vector.step(["cp sample_submission.csv submission.csv"])
    vector.close()
    assert truncated.all()
    assert infos["valid"].all()


@pytest.mark.parametrize("mode", ["ansi", "html"])
def test_agent_text_is_shown_and_never_obeyed(mode):
    env = gym.make("SandMLE/task-042", render_mode=mode)
    env.reset()
    env.step(
        "printf '<script>alert(1)</script> \\033[31mred\\033]0;title\\007 \\302\\233 \\342\\200\\256'"
    )
    shown = env.render()
    env.close()
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert "␛[31mred" in shown
    assert ("<script>" in shown) == (mode == "ansi")


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"feedbak": "none"}, "feedbak"),
        ({"feedback": "all"}, "feedback"),
        ({"limits": {"turns": 0}}, "turns"),
        ({"limits": {"turnz": 3}}, "turnz"),
        ({"resources": {"memory": 3}}, "memory"),
        ({"reward": "papr"}, "paper"),
        ({"protocol": "hermess"}, "hermes"),
        ({"sandbox": "warmm"}, "warm"),
        ({"render_mode": "rgb_array"}, "ansi"),
    ],
)
def test_a_wrong_option_is_named(kwargs, named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(UserError, match=named):
            gym.make("SandMLE/task-042", **kwargs).reset()


def test_an_unknown_task_is_answered_with_a_near_one():
    env = gym.make("SandMLE/Suite-v0")
    with pytest.raises(UserError, match="task-04"):
        env.reset(options={"task": "task-0042"})
    with pytest.raises(gym.error.Error, match=r"[Dd]id you mean"):
        gym.make("SandMLE/task-0042")


def test_steps_outside_an_episode_are_refused():
    env = gym.make("SandMLE/task-042").unwrapped
    with pytest.raises(EpisodeOverError):
        env.step("ls")
    env.reset()
    env.step("submit")
    with pytest.raises(EpisodeOverError):
        env.step("ls")
    env.close()
    env.close()


@pytest.mark.parametrize("protocol", protocol_names())
def test_every_protocol_plays(protocol):
    env = gym.make("SandMLE/task-042", protocol=protocol)
    _, info = env.reset()
    assert info["turn"] == 0
    env.close()
