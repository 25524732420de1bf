"""Laws of the text space: what goes in comes out, in every way Gymnasium moves it."""

import json

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.errors import UserError
from sandmle_gym.spaces import FreeText

TEXTS = ("", "plain", "é日本語🙂", "x" * 99)


class Echo(gym.Env):
    """Gives back the action, with the number of the step."""

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self):
        self.observation_space = FreeText(200)
        self.action_space = FreeText(100, samples=TEXTS)
        self.steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return "задача", {}

    def step(self, action):
        self.steps += 1
        return f"{self.steps} {action}", 0.0, False, False, {}


@pytest.mark.parametrize("shared_memory", [True, False])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_asynchronous_observations_are_those_of_the_environment(shared_memory, context):
    vector = gym.vector.AsyncVectorEnv([Echo] * 2, shared_memory=shared_memory, context=context)
    try:
        assert tuple(vector.reset(seed=0)[0]) == ("задача", "задача")
        for number, text in enumerate(TEXTS, 1):
            observations = vector.step([text, "b"])[0]
            assert tuple(observations) == (f"{number} {text}", f"{number} b")
            assert observations[0] == f"{number} {text}"
    finally:
        vector.close()


@given(st.text())
def test_membership_is_length_alone(text):
    assert (text in FreeText(10)) == (len(text) <= 10)
    assert 3 not in FreeText(10)


@given(st.lists(st.text(max_size=20)))
def test_json_round_trip(texts):
    space = FreeText(20)
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(texts)))) == texts


def test_samples_come_from_the_list_and_follow_the_seed():
    draws = [
        [space.sample() for _ in range(20)]
        for space in (FreeText(100, samples=TEXTS, seed=3), FreeText(100, samples=TEXTS, seed=3))
    ]
    assert draws[0] == draws[1]
    assert set(draws[0]) <= set(TEXTS)


def test_spaces_are_equal_when_they_hold_the_same_strings():
    assert FreeText(5) == FreeText(5, samples=("a",))
    assert FreeText(5) != FreeText(6)
    assert hash(FreeText(5)) == hash(FreeText(5))


def test_an_empty_space_is_refused():
    with pytest.raises(UserError):
        FreeText(0)
