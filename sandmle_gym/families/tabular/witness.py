"""The witness ladder of a tabular task: what each tier of information does with the same two tables."""

from dataclasses import dataclass

from sandmle_gym.bundle import TIERS
from sandmle_gym.families.programs import program

READ = 'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'


@dataclass(frozen=True)
class Fit:
    """How the programs of one family and metric predict, as Python lines.

    They find `target` (the train target as an array) and leave the new column(s) of the submission in
    `answer`, a mapping of column name to values. The blend finds `linear` and `trees`, and the expert
    `matrix`, each with the train rows first.
    """

    trivial: str
    blend: str
    expert: str
    start: str = ""
    """Lines that take what stands beside the target out of `train`."""


@dataclass(frozen=True)
class Story:
    """What the programs must know about the files."""

    title: str
    metric: str
    id_column: str
    target: str


@dataclass(frozen=True)
class Steps:
    """Lines that work on the data: `cleaning` on `train` and `test`, the others on both together."""

    cleaning: str
    units: tuple[str, ...]
    """Feature lines of each unit, the most valuable first."""
    basis: str
    """Lines that only the expert knows, and the columns that carry nothing dropped."""
    joins: bool = False
    """Whether some lines need the ids of the rows, as `names`."""


def programs(story: Story, steps: Steps, fit: Fit) -> dict[str, str]:
    """Write the program of every tier."""
    clean = f"# look out for traps\n{steps.cleaning}" if steps.cleaning else ""
    load = f'{READ}{clean}target = train.pop("{story.target}").to_numpy()\n{fit.start}'
    join = f'both = pd.concat([train, test], ignore_index=True).drop(columns="{story.id_column}")\n'
    if steps.joins:
        join = "both = pd.concat([train, test], ignore_index=True)\n"
        join += f'names = both.pop("{story.id_column}").to_numpy()\n'
    encode = "# fit and decide\nlinear, trees = encode(both)\n"
    first, features = (f"# engineer\n{''.join(units)}" for units in (steps.units[:1], steps.units))
    bodies = {
        "trivial": f'{READ}target = train["{story.target}"].to_numpy()\n{fit.trivial}',
        "competent": f"{load}{join}{encode}{fit.blend}",
        "insight": f"{load}{join}{first}{encode}{fit.blend}",
        "insights": f"{load}{join}{features}{encode}{fit.blend}",
        "expert": f"{load}{join}{features}{steps.basis}# fit and decide\nmatrix = design(both)\n{fit.expert}",
    }
    about = {
        "trivial": "the best prediction that looks at no feature",
        "competent": "a blend of standard models on clean data",
        "insight": "the same blend after the most valuable feature",
        "insights": "the same blend after every feature worth building",
        "expert": "a linear model in the right functional form",
    }
    write = (
        f'pd.DataFrame({{"{story.id_column}": test["{story.id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    return {
        tier: program(f"{story.title}, {story.metric}: {about[tier]}.", bodies[tier] + write)
        for tier in TIERS
    }
