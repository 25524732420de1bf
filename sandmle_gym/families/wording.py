"""How a task is worded where the card only gives the words: openings, and which remarks are made."""

from collections.abc import Sequence

import numpy as np

OPENINGS = (
    "Predict {what} for each of the {test_rows} {noun} in `test.csv`.",
    "For all {test_rows} {noun} in `test.csv`, {what} is wanted.",
    "Your job is to predict {what}, for all {test_rows} {noun} in `test.csv`.",
)
HISTORIES = (
    "Only {train_rows} labelled {noun} are available for training.",
    "There are {train_rows} labelled {noun} to learn from.",
    "The labelled part is small: {train_rows} {noun}.",
)
HEADINGS = ("Notes from the field", "What practitioners say", "Remarks on the data")


def opening(
    rng: np.random.RandomState, what: str, noun: str, train_rows: int, test_rows: int
) -> str:
    """Say what is to be predicted and how much there is to learn from."""
    facts = {"what": what, "noun": noun, "train_rows": train_rows, "test_rows": test_rows}
    return " ".join(one(rng, lines).format(**facts) for lines in (OPENINGS, HISTORIES))


def one(rng: np.random.RandomState, choices: Sequence[str]) -> str:
    """Choose one wording."""
    return choices[rng.randint(len(choices))]


def remarks(rng: np.random.RandomState, topics: Sequence[Sequence[str]]) -> list[str]:
    """Choose one remark on each topic; their order tells nothing."""
    chosen = [one(rng, topic) for topic in topics]
    return [chosen[k] for k in rng.permutation(len(chosen))]


def within(rng: np.random.RandomState, bounds: tuple[float, float]) -> float:
    """Draw a number of a range of a card, rounded so that a recipe is short."""
    return round(bounds[0] + (bounds[1] - bounds[0]) * rng.random_sample(), 4)
