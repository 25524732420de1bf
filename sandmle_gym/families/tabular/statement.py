"""What a tabular task says of itself, in the words of its card."""

from collections.abc import Sequence

import numpy as np

from sandmle_gym.families.description import Statement
from sandmle_gym.families.table import Text
from sandmle_gym.families.tabular.knobs import TabularKnobs

OPENINGS = (
    "Predict `{target}` ({about}) for each of the {test_rows} {noun} in `test.csv`.",
    "Your job: for all {test_rows} {noun} in `test.csv`, predict `{target}`, {about}.",
    "For the {test_rows} {noun} of `test.csv` the column `{target}` ({about}) is unknown; predict it.",
)
HISTORIES = (
    "Only {train_rows} labelled {noun} are available for training, so every bit of care counts.",
    "There are {train_rows} labelled {noun} to learn from.",
    "The labelled history is small: {train_rows} {noun}.",
)
NOTES = ("Notes from the field", "What practitioners say", "Remarks on the data")


def state(
    knobs: TabularKnobs, legend: str, columns: Sequence[str], rng: np.random.RandomState
) -> Statement:
    """Say what a drawn task asks.

    Args:
        knobs: The knobs of the task, for the words.
        legend: What the values of the target stand for; may be empty.
        columns: Feature columns in the order of the files.
        rng: Decides the wording.
    """
    target = knobs.target
    facts = {
        "target": target.name,
        "about": target.about,
        "noun": knobs.noun,
        "train_rows": knobs.train_rows,
        "test_rows": knobs.public_rows + knobs.private_rows,
    }
    meanings = _meanings(knobs)
    sides = [side for unit in knobs.units for side in unit.sides]
    return Statement(
        task=" ".join(_one(rng, lines).format(**facts) for lines in (OPENINGS, HISTORIES)),
        targets=(target.name,),
        columns={name: meanings[name] for name in columns}
        | {target.name: f"{target.about}{legend} (train only)"}
        | {text.name: f"{text.about} (`{side.file}`)" for side in sides for text in side.columns},
        files={side.file: side.about for side in sides},
        heading=_one(rng, NOTES),
        hints=_hints(knobs, rng),
    )


def _one(rng: np.random.RandomState, choices: Sequence[str]) -> str:
    return choices[rng.randint(len(choices))]


def _meanings(knobs: TabularKnobs) -> dict[str, str]:
    parts = (*knobs.units, *knobs.blocks, *knobs.traps)
    texts: tuple[Text, ...] = (
        *knobs.linear,
        *knobs.distractors,
        *(column for part in parts for column in part.columns),
    )
    return {text.name: text.about for text in texts}


def _hints(knobs: TabularKnobs, rng: np.random.RandomState) -> list[str]:
    """One hint of each unit and trap (and of blocks that have any), in random order."""
    parts = (*knobs.units, *knobs.traps, *knobs.blocks)
    hints = [_one(rng, part.hints) for part in parts if part.hints]
    return [hints[k] for k in rng.permutation(len(hints))]
