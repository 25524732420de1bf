"""Laws of the TRL adapters: GRPO optimises, only the policy's tokens are trained on, episodes run at once."""

import os
import pickle
import time

import pytest

os.environ |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
os.environ |= {"TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}
pytest.importorskip("trl")

import torch
from datasets import Dataset
from integrations.harness import TASKS, as_text
from integrations.tiny_lm import tiny_model, warm_start
from integrations.tiny_tokenizer import tiny_tokenizer
from trl import GRPOConfig, GRPOTrainer

import sandmle_gym
from sandmle_gym.episode import make_options
from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.integrations.trl import make_env_factory, make_rollout_func, paid
from sandmle_gym.session import Session, schemas
from sandmle_gym.trajectory import conversation

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("default"),
]

COPY = ("bash", {"command": "cp sample_submission.csv submission.csv"})
SUBMIT = ("submit", {})
TASK = TASKS[0]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def chats(protocol):
    """Two ways to play, for a warm start: hand in at once (no submission), or after a copy of the sample (a
    valid one). Of the prompt only the end is kept, which is all that the policy's window sees."""
    for calls in ((COPY, SUBMIT), (SUBMIT,)):
        with Session(make_options(protocol=protocol)) as session:
            session.start(TASK)
            for call in calls:
                session.act(as_text(call))
            prompt, *rest = conversation(session.episode)
        yield [{**prompt, "content": prompt["content"][-300:]}, *rest]


def policy(protocol, tools=None):
    examples = list(chats(protocol))
    tokenizer = tiny_tokenizer(examples, tools)
    model = tiny_model(tokenizer)
    warm_start(model, tokenizer, examples, tools)
    return tokenizer, model


def config(tmp_path, **changes):
    return GRPOConfig(
        **{
            "output_dir": str(tmp_path),
            "max_steps": 8,
            "per_device_train_batch_size": 8,
            "num_generations": 8,
            "max_completion_length": 256,
            "learning_rate": 2e-4,
            "lr_scheduler_type": "constant",
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "beta": 0.0,
            "disable_tqdm": True,
            "seed": 0,
        }
        | changes
    )


def rows(*tasks):
    chosen = [row for row in sandmle_gym.dataset(None, "trl") if row["task"] in tasks]
    return Dataset.from_list(chosen)


def train(trainer):
    before = {name: weight.clone() for name, weight in trainer.model.state_dict().items()}
    trainer.train()
    moved = any(not torch.equal(before[k], v) for k, v in trainer.model.state_dict().items())
    return moved, [entry for entry in trainer.state.log_history if "reward" in entry]


@pytest.mark.slow
def test_grpo_learns_over_a_rollout_func_and_trains_on_the_policys_tokens_only(tmp_path):
    tokenizer, model = policy("hermes")
    play, outputs = make_rollout_func(turn_tokens=50, limits={"turns": 3}), []

    def recorded(prompts, trainer):
        outputs.append(play(prompts, trainer))
        return outputs[-1]

    trainer = GRPOTrainer(
        model=model,
        args=config(tmp_path),
        train_dataset=rows(TASK),
        processing_class=tokenizer,
        reward_funcs=paid,
        rollout_func=recorded,
    )
    moved, log = train(trainer)
    rewards = [entry["reward"] for entry in log]
    assert moved
    assert max(entry["reward_std"] for entry in log) > 0
    assert sum(rewards[-2:]) / 2 > sum(rewards[:2]) / 2
    ids, mask = outputs[0]["completion_ids"], outputs[0]["env_mask"]
    for tokens, trained in zip(ids, mask, strict=True):
        of_policy = tokenizer.decode([t for t, m in zip(tokens, trained, strict=True) if m])
        of_environment = tokenizer.decode([t for t, m in zip(tokens, trained, strict=True) if not m])
        assert "<|im_start|>" not in of_policy
        assert "<tool_call>" not in of_environment
        assert of_environment.count("<|im_start|>user\n<tool_response>") == sum(
            a > b for a, b in zip(trained, trained[1:], strict=False)
        )


@pytest.mark.slow
def test_grpo_learns_over_an_environment_factory(tmp_path):
    tokenizer, model = policy("tools", schemas())
    trainer = GRPOTrainer(
        model=model,
        args=config(tmp_path, max_steps=3, max_tool_calling_iterations=3),
        train_dataset=rows(TASK),
        processing_class=tokenizer,
        environment_factory=make_env_factory(),
    )
    moved, log = train(trainer)
    assert moved
    assert max(entry["reward_std"] for entry in log) > 0
    assert max(entry["tools/call_frequency"] for entry in log) > 0
