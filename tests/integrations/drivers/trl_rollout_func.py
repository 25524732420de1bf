"""Plays through a GRPO trainer's rollout function, with the model's part scripted."""

import re
import tempfile
import warnings

from datasets import Dataset
from integrations.harness import Agent, Played, as_text
from integrations.tiny_lm import tiny_model
from integrations.tiny_tokenizer import tiny_tokenizer
from trl import GRPOConfig, GRPOTrainer

from sandmle_gym.integrations.trl import make_rollout_func, paid

REQUIRES = ("trl", "torch")


class ScriptedTrainer(GRPOTrainer):
    """Two rollouts, both of which play what the agent says."""

    agent: Agent

    def _generate_single_turn(self, prompt_ids, *_, **__):
        self.seen.append(prompt_ids[0])
        call = next(self.agent)
        text = ("Done." if call is None else as_text(call)) + "<|im_end|>"
        tokens = self.processing_class(text, add_special_tokens=False)["input_ids"]
        return [tokens] * len(prompt_ids), None

    def compute_loss(self, model, inputs, *_, **__):
        """Nothing is learned here, and a step over thousands of byte tokens would take long."""
        return 0.0 * next(model.parameters()).sum()


def trainer(task: str, agent: Agent, folder: str, **choice) -> ScriptedTrainer:
    tokenizer = tiny_tokenizer()
    row = {"prompt": [{"role": "user", "content": "", "task": task}], "task": task}
    made = ScriptedTrainer(
        model=tiny_model(tokenizer, hidden=16),
        args=GRPOConfig(
            output_dir=folder,
            max_steps=1,
            learning_rate=0.0,
            per_device_train_batch_size=2,
            num_generations=2,
            max_completion_length=16000,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            beta=0.0,
            logging_steps=1,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([row]),
        processing_class=tokenizer,
        **choice,
    )
    made.agent, made.seen = agent, []
    return made


def play(task: str, agent: Agent) -> Played:
    play_batch, outputs = make_rollout_func(), []

    def recorded(prompts, trainer):
        outputs.append(play_batch(prompts, trainer))
        return outputs[-1]

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = trainer(task, agent, folder, reward_funcs=paid, rollout_func=recorded)
        made.train()
    (output,) = outputs
    return Played(_observations(made.processing_class, output), output["env_reward"][0])


def _observations(tokenizer, output) -> tuple[str, ...]:
    """Decode the masked tokens; the answer to `submit` is not among them, as no turn follows it."""
    ids, mask = output["completion_ids"][0], output["env_mask"][0]
    text = tokenizer.decode([token for token, kept in zip(ids, mask, strict=True) if not kept])
    return tuple(re.findall(r"<tool_response>\n(.*?)\n</tool_response>", text, re.DOTALL))
