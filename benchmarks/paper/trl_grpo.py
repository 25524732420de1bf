"""GRPO with the paper's settings: `accelerate launch benchmarks/paper/trl_grpo.py MODEL [--sparse]`."""

import argparse
from typing import Any

TURNS, PROMPT_TOKENS, EPISODE_TOKENS = 15, 8192, 32768
PROMPTS, GROUP, STEPS = 16, 4, 80


def settings(processes: int = 8, **changes: Any) -> dict[str, Any]:
    """Return the arguments of `GRPOConfig`.

    Args:
        processes: GPUs that train; they share the 64 episodes of a step.
        changes: Arguments to set otherwise.
    """
    return {
        "output_dir": "sandmle-grpo",
        "max_steps": STEPS,
        "learning_rate": 1e-6,
        "lr_scheduler_type": "constant",
        "weight_decay": 0.01,
        "beta": 0.0,
        "epsilon": 0.2,
        "epsilon_high": 0.28,
        "scale_rewards": "group",
        "loss_type": "grpo",
        "temperature": 1.0,
        "top_p": 1.0,
        "num_generations": GROUP,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": PROMPTS * GROUP // processes,
        "max_completion_length": EPISODE_TOKENS,
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": 0.4,
        "vllm_max_model_length": PROMPT_TOKENS + EPISODE_TOKENS,
        "gradient_checkpointing": True,
        "bf16": True,
        "logging_steps": 1,
        "save_steps": 5,
    } | changes


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--sparse", action="store_true", help="the ablation without milestones")
    arguments = parser.parse_args()

    from accelerate import PartialState
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    import sandmle_gym
    from sandmle_gym.integrations.trl import make_rollout_func, paid

    rollout = make_rollout_func(
        protocol="react",
        reward="sparse" if arguments.sparse else "paper",
        limits={"turns": TURNS},
    )
    GRPOTrainer(
        model=arguments.model,
        args=GRPOConfig(**settings(PartialState().num_processes)),
        train_dataset=Dataset.from_list(sandmle_gym.dataset("train", "trl")),
        reward_funcs=paid,
        rollout_func=rollout,
    ).train()


if __name__ == "__main__":
    main()
