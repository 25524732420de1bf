"""What text families have in common besides their worlds: hints on cards, heads and tails of programs."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from sandmle_gym.families.assembly import Knobs
from sandmle_gym.families.programs import program
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]
"""Remarks of a practitioner on one thing to discover, one of which is used."""

Templates = Annotated[tuple[str, ...], Field(min_length=4)]
"""Sentences with places for words, in braces; no full stop at the end."""

READ = 'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'


def remarks(hints: Frozen, key: tuple[Label, ...]) -> list[str]:
    """Choose one remark on each thing, in random order."""
    dice = Dice(stream(*key, "hints"))
    chosen = [dice.pick(getattr(hints, name)) for name in type(hints).model_fields]
    return dice.some(chosen, len(chosen))


def sentence(text: str, end: str = ".") -> str:
    """Begin with a capital, end with a stop."""
    return f"{text[0].upper()}{text[1:]}{end}"


def programs(
    knobs: Knobs, read: str, bodies: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """Write the witness of every tier.

    Args:
        knobs: The knobs of the task, for its words.
        read: Lines that all programs begin with.
        bodies: Tier -> the lines that leave `answer`, and a clause that says what they do.
    """
    write = (
        f'pd.DataFrame({{"{knobs.id_column}": test["{knobs.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: program(f"{knobs.title}, {knobs.metric.name}: {what}.", f"{READ}{read}{body}{write}")
        for tier, (body, what) in bodies.items()
    }


def split_rows(
    columns: Mapping[str, Sequence[str]], train_rows: int
) -> tuple[dict[str, Sequence[str]], dict[str, Sequence[str]]]:
    """Split columns of all rows into those of the train rows and those of the test rows."""
    train = {name: cells[:train_rows] for name, cells in columns.items()}
    return train, {name: cells[train_rows:] for name, cells in columns.items()}
