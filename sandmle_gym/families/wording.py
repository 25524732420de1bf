"""How a task is worded where the card only gives the words: its setting, openings, which remarks are made."""

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

SETTINGS = (
    "The {noun} of this collection are from {place}, {first} to {last}; {person} prepared the files.",
    "Here, {person} has put together what {place} has from the years {first} to {last}.",
    "{person} collected the {noun} below in {place} between {first} and {last}.",
    "All of it was recorded in {place}. {person} kept the records from {first} until {last}.",
    "The files go back to {person}, who worked in {place} from {first} to {last}.",
)
_STARTS = (
    "Al Bar Cor Dun El Far Gar Hol Is Jor Kel Lor "
    "Mar Nor Or Pel Quar Ros Sal Tor Ul Var Wil Yar Zel"
)
_MIDDLES = "a e i o u an en in on ar er or am em al el as es"
_ENDS = (
    "beck bridge combe dale den fell field ford gate ham "
    "haven holm hurst ley mere moor mouth ness port stead"
)
_GIVEN = (
    "Ada Bela Cleo Dario Edda Femi Greta Hugo Ines Joris "
    "Kaya Leif Mira Nuno Orla Piet Rosa Sven Tove Uma"
)
_SURNAMES = (
    "ack ane ard bert dahl etti evic ide inga kov lund "
    "man mann nik olm oux quist rup sen son strom val"
)


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


def setting(rng: np.random.RandomState, noun: str) -> tuple[str, str]:
    """Invent where a task's data come from, so that no two statements of a card are the same.

    Returns:
        The place, and a sentence about it.
    """

    def word(*parts: str) -> str:
        return "".join(one(rng, part.split()) for part in parts)

    place = word(_STARTS, _MIDDLES, _ENDS)
    person = f"{word(_GIVEN)} {word(_STARTS, _SURNAMES)}"
    first = rng.randint(1948, 2012)
    facts = {"place": place, "person": person, "first": first, "last": first + rng.randint(2, 12)}
    return place, one(rng, SETTINGS).format(noun=noun, **facts)
