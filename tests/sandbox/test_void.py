"""What environments make of the death of what runs them: the slot is void, the batch goes on."""

from pathlib import Path

import pytest
from sandbox.pools import children, kill, only_pool, wait_for

import sandmle_gym.episode
from sandmle_gym.env import SandMLEEnv
from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.warm import WarmBackend
from sandmle_gym.storage import public_root
from sandmle_gym.vector import ThreadVectorEnv


@pytest.fixture
def own_backend(runtime: Path, monkeypatch: pytest.MonkeyPatch):
    """Have environments use a pool of this test's own, without imports."""
    with WarmBackend(public_root(), preload=()) as backend:
        monkeypatch.setattr(sandmle_gym.episode, "get_backend", lambda *_, **__: backend)
        yield backend


def _kill_zygote() -> None:
    (pool,) = [pool for pool in [only_pool()] if pool["zygotes"]]
    kill(children(pool["zygotes"][0]["pid"])[0])


def _kill_broker() -> None:
    kill(only_pool()["pid"])


@pytest.mark.parametrize("death", [_kill_zygote, _kill_broker])
def test_a_vector_environment_marks_its_slots_and_goes_on(own_backend, death) -> None:
    env = ThreadVectorEnv(tasks=["task-042"] * 3)
    env.reset(seed=1)
    env.step(["echo 1 > mine"] * 3)
    death()
    _, rewards, terminated, truncated, infos = env.step(["cat mine"] * 3)
    assert list(rewards) == [0, 0, 0]
    assert not terminated.any()
    assert truncated.all()
    assert infos["void"].all()
    env.reset(options={"reset_mask": truncated})
    observations, _, _, truncated, infos = env.step(["ls mine; echo new"] * 3)
    assert all("new" in text and "No such file" in text for text in observations)
    assert not truncated.any()
    assert not infos["void"].any()
    env.close()


def test_an_environment_raises_and_is_fine_after_a_reset(own_backend) -> None:
    env = SandMLEEnv(task="task-042")
    env.reset(seed=1)
    env.step("true")
    _kill_broker()
    with pytest.raises(SandboxError, match="broker died"):
        env.step("true")
    env.reset(seed=2)
    assert "here" in env.step("echo here")[0]
    env.close()


def test_an_idle_slot_is_void_when_it_is_used_next(own_backend) -> None:
    """Only what was open dies: a slot that had not opened its sandbox yet plays on."""
    env = ThreadVectorEnv(tasks=["task-042"] * 2)
    env.reset(seed=1)
    for _, transition in env.step_iter({0: "true"}):
        assert not transition[4]["void"]
    _kill_zygote()
    results = dict(env.step_iter({0: "true", 1: "true"}))
    assert [results[slot][4]["void"] for slot in (0, 1)] == [True, False]
    env.close()
    wait_for(lambda: only_pool()["zygotes"][0]["episodes"] == 0)
