"""Laws of `benchmarks/paper`: every file is what its library's own configuration class takes."""

import ast
import importlib.util
import os
from pathlib import Path

import pytest

PAPER = Path(__file__).parents[2] / "benchmarks" / "paper"

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_trl_takes_the_settings(tmp_path):
    trl = pytest.importorskip("trl")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    settings = module("paper_trl", PAPER / "trl_grpo.py").settings
    local = {"output_dir": str(tmp_path), "use_cpu": True, "bf16": False}
    config = trl.GRPOConfig(**settings(processes=1, **local))
    assert config.generation_batch_size == 16 * 4
    assert (config.epsilon, config.epsilon_high, config.beta) == (0.2, 0.28, 0.0)


@pytest.mark.parametrize(("agent", "reward"), [("", "paper"), ("_sparse", "sparse")])
def test_verl_takes_the_settings(agent, reward):
    verl = pytest.importorskip("verl")
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf
    from verl.utils.config import omega_conf_to_dataclass

    del verl
    with initialize_config_dir(str(PAPER), version_base=None):
        config = compose("verl")
    actor = config.actor_rollout_ref.actor
    typed = omega_conf_to_dataclass(actor)
    assert (typed.clip_ratio_low, typed.clip_ratio_high) == (0.2, 0.28)
    assert omega_conf_to_dataclass(config.algorithm).adv_estimator == "grpo"
    assert omega_conf_to_dataclass(config.actor_rollout_ref.rollout).n == 4
    (loop,) = OmegaConf.load(PAPER / f"verl_agent{agent}.yaml")
    assert loop.options.reward == reward
    from integrations.drivers.verl import run
    from integrations.harness import TASKS
    from integrations.harness import agent as scripted

    assert run(TASKS[0], scripted(), loop).reward_score == pytest.approx(
        {"paper": 0.4, "sparse": 0.1}[reward]
    )


def test_skyrl_takes_the_settings():
    """SkyRL's package imports its GPU engines, so its module of configuration classes is loaded alone."""
    omegaconf = pytest.importorskip("omegaconf")
    found = importlib.util.find_spec("skyrl")
    if found is None:
        pytest.skip("skyrl is not installed")
    root = Path(next(iter(found.submodule_search_locations)))
    source = (root / "train" / "config" / "config.py").read_text()
    tree = ast.parse(source)
    for (
        node
    ) in tree.body:  # the check after the fields asks an engine about LoRA, which is not used here
        if isinstance(node, ast.ClassDef) and node.name == "SkyRLTrainConfig":
            node.body = [n for n in node.body if getattr(n, "name", "") != "__post_init__"]
    import sys
    import types

    config = sys.modules["paper_skyrl"] = types.ModuleType("paper_skyrl")
    exec(compile(tree, "config.py", "exec"), vars(config))
    made = config.SkyRLTrainConfig.from_dict_config(omegaconf.OmegaConf.load(PAPER / "skyrl.yaml"))
    assert made.trainer.algorithm.eps_clip_high == 0.28
    assert made.generator.n_samples_per_prompt * made.trainer.train_batch_size == 64
    assert made.environment.env_class == "sandmle"
