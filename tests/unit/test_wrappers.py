"""Laws of the wrappers: full contexts are graded as they lie, records are whole, recipes really run."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sandmle_gym
from sandmle_gym.errors import UserError
from sandmle_gym.trajectory import Trajectory
from sandmle_gym.wrappers import RecipeActions, RecordTrajectory, TokenLimit
from sandmle_gym.wrappers.recipe import FEATURES, MOVES

gym.register_envs(sandmle_gym)

COPY = "cp sample_submission.csv submission.csv"


@pytest.fixture
def make():
    made = []

    def _make(wrapper, *args, task="task-042", **options):
        env = gym.make(f"SandMLE/{task}", disable_env_checker=True, **options)
        made.append(wrapper(env, *args))
        return made[-1]

    yield _make
    for env in made:
        env.close()


def test_a_full_context_ends_the_episode_with_what_lies_there(make):
    env = make(TokenLimit, 2500)
    env.reset()
    _, reward, *ended, info = env.step(COPY)
    assert (reward, ended) == (0, [False, False])
    assert info["tokens_left"] > 0
    _, reward, terminated, truncated, info = env.step("seq 10000")
    assert reward == pytest.approx(0.4)
    assert (terminated, truncated, info["valid"], info["tokens_left"]) == (False, True, True, 0)


def test_tokens_are_counted_by_the_function_given(make):
    env = make(TokenLimit, 100, lambda text: len(text) > 100)
    env.reset()
    assert env.tokens_left == 99


@pytest.mark.parametrize("count", [0, -1])
def test_a_limit_is_positive(make, count):
    with pytest.raises(UserError, match="positive"):
        make(TokenLimit, count)


@pytest.mark.parametrize("wrapper", [RecipeActions, lambda env: TokenLimit(env, 9)])
def test_another_packages_environment_is_refused(wrapper):
    env = gym.make("CartPole-v1")
    with pytest.raises(UserError, match="SandMLE"):
        wrapper(env)
    env.close()


def test_every_episode_is_one_line_of_the_record(make, tmp_path):
    path = tmp_path / "runs" / "record.jsonl"
    env = make(RecordTrajectory, path)
    for actions in ((COPY, "submit"), ("submit",)):
        env.reset()
        for action in actions:
            env.step(action)
    first, second = map(Trajectory.loads, path.read_text().splitlines())
    assert (first.stop, first.reward) == ("submitted", pytest.approx(0.4))
    assert [turn["tool"] for turn in first.turns] == ["bash", "submit"]
    assert [message["role"] for message in first.messages] == ["user"] + ["assistant", "user"] * 2
    assert second.reward == pytest.approx(0.1)


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
def test_recipes_pass_gymnasiums_own_checker(make):
    check_env(make(RecipeActions), skip_render_check=True)


def test_every_move_of_a_recipe_runs_and_what_it_leaves_is_graded(make):
    env = make(RecipeActions, task="task-004", reward="score")
    observation, _ = env.reset()
    seen = []
    for move, name in enumerate(MOVES):
        observation, reward, terminated, _, _ = env.step(move)
        assert env.observation_space.contains(observation)
        assert "Error" not in env.unwrapped.episode.transcript[-1].observation
        assert terminated == (name == "submit")
        seen.append(dict(zip(FEATURES, observation.tolist(), strict=True)))
    assert seen[0]["rows"] > 0
    assert seen[-1]["best gain"] >= seen[-1]["gain"] > 0
    assert reward > 0


def test_recipes_need_the_plain_protocol(make):
    with pytest.raises(UserError, match="plain"):
        make(RecipeActions, protocol="hermes")


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_ppo_of_stable_baselines_learns_to_play_recipes():
    """Some hundred steps are enough to hand in better work than at first."""
    pytest.importorskip("stable_baselines3")
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.monitor import Monitor

    torch.set_num_threads(1)
    made = gym.make(
        "SandMLE/task-042", reward="score", limits={"turns": 4}, disable_env_checker=True
    )
    env = Monitor(RecipeActions(made))
    model = PPO(
        "MlpPolicy", env, n_steps=64, batch_size=64, learning_rate=3e-3, seed=0, device="cpu"
    )
    before = [weights.clone() for weights in model.policy.parameters()]
    model.learn(384)
    moved = [not torch.equal(a, b) for a, b in zip(before, model.policy.parameters(), strict=True)]
    rewards = env.get_episode_rewards()
    env.close()
    third = len(rewards) // 3
    assert any(moved)
    assert np.mean(rewards[-third:]) > np.mean(rewards[:third])
