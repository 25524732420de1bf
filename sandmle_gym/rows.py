"""Rows for trainers: `dataset(split, format)` names tasks in the columns that each library reads.

A row holds a reference, not the data: the adapter draws the task when the episode begins and puts its
prompt in place. Only `nemo`, whose agent reads the prompt from the row, has it written out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandmle_gym.episode import EpisodeOptions, make_options
from sandmle_gym.errors import UnknownNameError
from sandmle_gym.session import Session, schemas
from sandmle_gym.source import Source

Row = dict[str, Any]


def dataset(split: str | None = "train", format: str = "hf", **options: Any) -> list[Row]:
    """Return one row for every frozen task of a split, in the order of the suite.

    Rows are plain JSON. For a `datasets.Dataset` use `Dataset.from_list`, and its `to_parquet` or
    `to_json` for trainers that read files.

    Args:
        split: train, val, test, or None for the whole suite.
        format: The library: trl, verl, skyrl, nemo; or hf for plain columns.
        options: `episode.EpisodeOptions`, where rows depend on them (turns, what prompts say).

    Raises:
        UnknownNameError: There is no such format.
        UserError: There is no such split, or an option is wrong.
    """
    if format not in _FORMATS:
        raise UnknownNameError("row format", format, _FORMATS)
    made, source = make_options(**{"protocol": "tools", **options}), Source(split=split)
    return [
        _FORMATS[format](name, index, split or "all", made)
        for index, name in enumerate(source.frozen())
    ]


def _hf(task: str, index: int, split: str, _: EpisodeOptions) -> Row:
    return {"task": task, "split": split, "index": index, "prompt": _prompt(task)}


def _trl(task: str, index: int, split: str, _: EpisodeOptions) -> Row:
    """For both forms: a rollout function sees messages only, `environment_factory` the other columns."""
    message = {"role": "user", "content": "", "task": task}
    return {"prompt": [message], "task": task, "split": split, "index": index}


def _verl(task: str, index: int, split: str, _: EpisodeOptions) -> Row:
    return {
        "data_source": "sandmle",
        "agent_name": "sandmle",
        "prompt": _prompt(task),
        "ability": "machine-learning-engineering",
        "reward_model": {"style": "rule", "ground_truth": ""},
        "extra_info": {"task": task, "split": split, "index": index},
    }


def _skyrl(task: str, index: int, split: str, options: EpisodeOptions) -> Row:
    turns = options.limits.turns
    return {
        "data_source": "sandmle",
        "env_class": "sandmle",
        "prompt": _prompt(task),
        "max_turns": turns,
        "extra_info": {"task": task, "split": split, "index": index},
    }


def _nemo(task: str, index: int, split: str, options: EpisodeOptions) -> Row:
    with Session(options) as session:
        prompt = session.start(task)
    tools = [{"type": "function", **schema["function"], "strict": True} for schema in schemas()]
    return {
        "responses_create_params": {"input": [{"role": "user", "content": prompt}], "tools": tools},
        "task": task,
        "split": split,
        "index": index,
    }


def _prompt(task: str) -> list[dict[str, str]]:
    """Stand in for the prompt until the adapter knows it."""
    return [{"role": "user", "content": task}]


_FORMATS: Mapping[str, Callable[[str, int, str, EpisodeOptions], Row]] = {
    "hf": _hf,
    "nemo": _nemo,
    "skyrl": _skyrl,
    "trl": _trl,
    "verl": _verl,
}
