"""The frame of witness programs for tasks without a shared tabular ladder: read, predict, write."""

from collections.abc import Mapping

from sandmle_gym.bundle import TIERS
from sandmle_gym.families.assembly import Knobs
from sandmle_gym.families.programs import program

READ = 'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'


def witnesses(knobs: Knobs, steps: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Write the program of every tier.

    Args:
        knobs: The knobs of the task.
        steps: Tier -> what it does in a few words, and its lines. They find `train` and `test` and
            leave `answer`, a mapping of submission columns to values in the order of `test`.
    """
    key = knobs.id_column
    write = f'pd.DataFrame({{"{key}": test["{key}"], **answer}}).to_csv("submission.csv", index=False)\n'
    return {
        tier: program(
            f"{knobs.title}, {knobs.metric.name}: {steps[tier][0]}.", READ + steps[tier][1] + write
        )
        for tier in TIERS
    }
