"""GRPO with the paper's settings in SkyRL: `python benchmarks/paper/skyrl_main.py [--sparse]`.

Rows first: `train.jsonl` and `val.jsonl`, written from
`sandmle_gym.dataset(split, "skyrl", limits={"turns": 15})`.
"""

import argparse
from pathlib import Path

import ray
from omegaconf import OmegaConf
from skyrl.train.config import SkyRLTrainConfig
from skyrl.train.entrypoints.main_base import BasePPOExp
from skyrl.train.utils import initialize_ray

from sandmle_gym.integrations.skyrl import register


@ray.remote(num_cpus=1)
def train(config: SkyRLTrainConfig, reward: str) -> None:
    """Train, in the process that makes the environments."""
    register(reward=reward, limits={"turns": 15})
    BasePPOExp(config).run()


def main() -> None:
    """Start Ray and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sparse", action="store_true", help="the ablation without milestones")
    reward = "sparse" if parser.parse_args().sparse else "paper"
    file = Path(__file__).with_name("skyrl.yaml")
    config = SkyRLTrainConfig.from_dict_config(OmegaConf.load(file))
    initialize_ray(config)
    ray.get(train.remote(config, reward))


if __name__ == "__main__":
    main()
