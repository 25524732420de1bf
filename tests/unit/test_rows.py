"""Laws of rows: plain JSON, one per task of the split, and each names its task where its library looks."""

import json

import pytest

from sandmle_gym import dataset
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.source import Source

FORMATS = {
    "hf": lambda row: row["task"],
    "nemo": lambda row: row["task"],
    "skyrl": lambda row: row["extra_info"]["task"],
    "trl": lambda row: row["prompt"][-1]["task"],
    "verl": lambda row: row["extra_info"]["task"],
}


@pytest.mark.parametrize("format", FORMATS)
def test_there_is_one_row_for_every_task_of_the_split(format, monkeypatch):
    names = Source(split="train").frozen()
    if format == "nemo":  # it draws every task
        names = names[:3]
        monkeypatch.setattr(Source, "frozen", lambda _: names)
    rows = dataset("train", format)
    assert [FORMATS[format](row) for row in rows] == names
    assert json.loads(json.dumps(rows)) == rows
    assert all(set(row) == set(rows[0]) for row in rows)


def test_rows_of_nemo_carry_the_prompt_and_the_tools(monkeypatch):
    monkeypatch.setattr(Source, "frozen", lambda _: ["task-000"])  # or it draws all of them
    row = dataset("train", "nemo")[0]
    assert "submission.csv" in row["responses_create_params"]["input"][0]["content"]
    assert row["responses_create_params"]["tools"][0]["name"] == "bash"


def test_rows_of_skyrl_carry_the_turns():
    assert dataset("train", "skyrl", limits={"turns": 7})[0]["max_turns"] == 7


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("train", "tlr"), UnknownNameError), (("practice", "trl"), UserError)],
)
def test_wrong_names_are_the_callers_error(arguments, error):
    with pytest.raises(error):
        dataset(*arguments)
