"""Laws of the TRL adapters: GRPO optimises, only the policy's tokens are trained on, episodes run at once."""

import os
import pickle
import time
from itertools import pairwise

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


def preference(model, tokenizer):
    """How much likelier the policy finds the better first action than the worse one, in nats."""
    with Session(make_options(protocol="hermes")) as session:
        prompt = [{"role": "user", "content": session.start(TASK)}]
    start = tokenizer.apply_chat_template(
        prompt, add_generation_prompt=True, tokenize=True, return_dict=False
    )

    def likelihood(call):
        action = tokenizer(as_text(call) + "<|im_end|>", add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([start + action])).logits[0, len(start) - 1 : -1]
        return float(logits.log_softmax(-1).gather(1, torch.tensor(action)[:, None]).sum())

    model.eval()
    return likelihood(COPY) - likelihood(SUBMIT)


def config(tmp_path, **changes):
    return GRPOConfig(
        **{
            "output_dir": str(tmp_path),
            "max_steps": 4,
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
    before = preference(model, tokenizer)
    play, outputs = make_rollout_func(turn_tokens=40, limits={"turns": 3}), []

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
    assert moved
    assert preference(model, tokenizer) > before
    assert max(entry["reward_std"] for entry in log) > 0
    ids, mask = outputs[0]["completion_ids"], outputs[0]["env_mask"]
    for tokens, trained in zip(ids, mask, strict=True):
        of_policy = tokenizer.decode([t for t, m in zip(tokens, trained, strict=True) if m])
        of_environment = tokenizer.decode(
            [t for t, m in zip(tokens, trained, strict=True) if not m]
        )
        assert "<|im_start|>" not in of_policy
        assert "<tool_call>" not in of_environment
        assert of_environment.count("<|im_start|>user\n<tool_response>") == sum(
            a > b for a, b in pairwise(trained)
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


class Scripted(GRPOTrainer):
    """Every rollout of the batch plays these actions."""

    actions: tuple[str, ...] = ()
    turn = 0

    def _generate_single_turn(self, prompt_ids, *_, **__):
        tokens = self.processing_class(self.actions[self.turn % len(self.actions)] + "<|im_end|>")
        self.turn += 1
        return [tokens["input_ids"]] * len(prompt_ids), None


@pytest.fixture
def played(tmp_path):
    """Play a batch of scripted rollouts, without a training step."""

    def _played(*actions, count=4, **options):
        tokenizer = tiny_tokenizer()
        trainer = Scripted(
            model=tiny_model(tokenizer, hidden=16),
            args=config(tmp_path, max_completion_length=4000),
            train_dataset=rows(TASK),
            processing_class=tokenizer,
            reward_funcs=paid,
            rollout_func=make_rollout_func(**options),
        )
        trainer.actions = [as_text(action) for action in actions]
        return trainer.rollout_func([rows(TASK)[0]["prompt"]] * count, trainer)

    return _played


SLEEP = ("bash", {"command": "sleep 1"})


def test_episodes_of_a_batch_run_at_once(played):
    played(COPY, SUBMIT)
    started = time.monotonic()
    assert played(COPY, SLEEP, SUBMIT, count=16)["env_reward"] == pytest.approx([0.4] * 16)
    assert time.monotonic() - started < 12


def test_an_episode_out_of_time_is_paid_none_which_leaves_it_out_of_the_groups_mean(played):
    limits = {"episode_seconds": 0.3}
    assert played(SLEEP, limits=limits)["env_reward"] == [None] * 4
    assert None not in played(SLEEP, limits=limits, mask_timeouts=False)["env_reward"]


def test_an_episode_without_room_for_another_turn_is_graded_as_it_lies(played):
    output = played(COPY, ("bash", {"command": "seq 3000"}))
    assert output["env_reward"] == pytest.approx([0.4] * 4)
    assert max(map(len, output["completion_ids"])) <= 4000


def test_a_sandbox_that_broke_everywhere_stops_the_training(played, monkeypatch):
    def broken(*_):
        raise SandboxError("gone")

    monkeypatch.setattr("sandmle_gym.episode.Episode.act", broken)
    with pytest.raises(SandboxError):
        played(SUBMIT)


def test_a_prompt_that_names_no_task_is_the_callers_error():
    with pytest.raises(UserError, match="names no task"):
        make_rollout_func()([[{"role": "user", "content": "hello"}]], Unused())


class Unused:
    processing_class = None


def test_a_factory_can_be_pickled_and_its_tools_carry_schemas():
    from transformers.utils import get_json_schema

    env = pickle.loads(pickle.dumps(make_env_factory(reward="sparse")))()
    for schema in schemas():
        function = schema["function"]
        made = get_json_schema(getattr(env, function["name"]))["function"]
        assert made["name"] == function["name"]
        assert set(made["parameters"].get("properties", {})) == set(
            function["parameters"]["properties"]
        )


def test_tools_answer_whatever_comes(tmp_path):
    env = make_env_factory()()
    assert env.bash(command="ls") == "The episode is over."
    env.reset(**rows(TASK)[0])
    assert "must be exactly" in env.bash(cmd="ls")
    assert "must be a string" in env.python(code=3)
    env.submit()
    assert env.submit() == "The episode is over."
    assert env.get_reward() == pytest.approx(0.1 / 3)
