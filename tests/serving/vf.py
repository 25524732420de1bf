"""Run `vf-eval` in this process."""

import asyncio
import os

from verifiers.v1.cli.eval.runner import run_eval
from verifiers.v1.cli.resolve import narrow_config
from verifiers.v1.configs.cli.eval import EvalConfig

ID = "sandmle-verifiers"


def evaluate(url, folder, *, taskset=None, harness=None, agent=None, **options):
    """Evaluate the model at `url` and return the trace of every rollout.

    `options` are those of the evaluation.
    """
    os.environ["SANDMLE_TEST_KEY"] = "none"
    ids = ["--env.taskset.id", ID, "--env.agent.harness.id", ID]
    played_by = {"id": ID, **(harness or {})}
    agent = {"runtime": {"type": "subprocess"}, "harness": played_by, **(agent or {})}
    config = narrow_config(EvalConfig, ids).model_validate(
        {
            "model": "fake",
            "push": False,
            "rich": None,
            "output_dir": str(folder),
            "client": {"base_url": url, "api_key_var": "SANDMLE_TEST_KEY"},
            "env": {"taskset": {"id": ID, **(taskset or {})}, "agent": agent},
            **options,
        }
    )
    episodes = asyncio.run(run_eval(config))
    return [trace for episode in episodes for trace in episode.traces]
