"""Plays through verl's agent loop, with a model server that plays the script; no Ray, no vLLM."""

import asyncio
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import hydra
import verl
from integrations.harness import Agent, Played, as_text
from integrations.tiny_tokenizer import tiny_tokenizer
from omegaconf import OmegaConf
from verl.experimental.agent_loop.agent_loop import (
    DictConfigWrap,
    ToolListWrap,
    _agent_loop_registry,
)
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.workers.rollout.replica import TokenOutput

import sandmle_gym.integrations.verl  # noqa: F401 - registers the loop

REQUIRES = ("verl", "torch")

tokenizer = cache(tiny_tokenizer)


class ScriptedServer:
    def __init__(self, agent: Agent):
        self.agent = agent

    async def generate(self, request_id, *, prompt_ids, sampling_params, **_):
        text = as_text(next(self.agent)) + "<|im_end|>"
        ids = tokenizer()(text, add_special_tokens=False)["input_ids"]
        return TokenOutput(token_ids=ids, log_probs=[-0.1] * len(ids))


def config():
    path = Path(verl.__file__).parent / "trainer/config/_generated_ppo_trainer.yaml"
    made = OmegaConf.load(path)
    rollout = made.actor_rollout_ref.rollout
    rollout.prompt_length = rollout.response_length = 32768
    rollout.multi_turn.format = "hermes"
    return made


def run(task: str, agent: Agent, loop: Mapping[str, Any] | None = None):
    """Play as verl's worker does: the loop is made from its entry in verl's registry or in a file."""
    made = config()

    async def one():
        instance = hydra.utils.instantiate(
            loop or _agent_loop_registry["sandmle"],
            trainer_config=DictConfigWrap(made),
            server_manager=ScriptedServer(agent),
            tokenizer=tokenizer(),
            processor=None,
            dataset_cls=RLHFDataset,
            data_config=DictConfigWrap(made.data),
            hf_model_type="qwen2",
            tools=ToolListWrap([]),
        )
        prompt = [{"role": "user", "content": task}]
        return await instance.run({}, raw_prompt=prompt, extra_info={"task": task})

    return asyncio.run(one())


def observations(output) -> tuple[str, ...]:
    masked = [
        token
        for token, mask in zip(output.response_ids, output.response_mask, strict=True)
        if not mask
    ]
    text = tokenizer().decode(masked)
    return tuple(re.findall(r"<tool_response>\n(.*?)\n</tool_response>", text, re.DOTALL))


def play(task: str, agent: Agent) -> Played:
    output = run(task, agent)
    return Played(observations(output), output.reward_score)
