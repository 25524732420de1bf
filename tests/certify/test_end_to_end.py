"""The laws of a certified task, on real draws, in the real sandbox, through the real grader."""

from pathlib import Path

import pytest

from sandmle_gym.bundle import TIERS
from sandmle_gym.certify import freeze_entry, restore, search, witness
from sandmle_gym.families import family_names, load_card
from sandmle_gym.grading import get_grader
from sandmle_gym.sandbox import get_backend

CARDS = [
    load_card(path) for path in sorted(Path(__file__).parents[2].glob("envs/seeds/*/seed.toml"))
]
MEDALS = dict(zip(TIERS, ("none", "median", "bronze", "silver", "gold"), strict=True))


QUICK = ("tabular_binary", "tabular_skewed")
FAMILIES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in family_names()
]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_witness_of_a_certified_task_earns_exactly_its_medal(family):
    card = next(card for card in CARDS if card.family == family)
    result = search(card, 0, get_backend())
    bundle, backend = result.bundle, get_backend()
    cap = bundle.brief.submission.max_bytes
    for tier, program in bundle.private.witnesses.items():
        with witness.desk(backend, bundle.public) as desk:
            ran = witness.run(desk, program, seed=0, max_bytes=cap)
        grade = get_grader().grade(bundle, ran.submission)
        assert grade.medal == MEDALS[tier], (tier, grade, bundle.milestones)
    perfect = get_grader().grade(bundle, bundle.private.oracle)
    assert perfect.medal == "gold"
    restored = restore(freeze_entry(bundle, attempt=result.attempts[-1].attempt), card)
    assert restored.milestones == bundle.milestones
    assert restored.digest == bundle.digest
