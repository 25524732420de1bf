"""The shipped lock keeps its promises: every frozen id draws the same bytes here, certified and apart."""

from pathlib import Path

import pytest

from sandmle_gym.bundle import TIERS
from sandmle_gym.certify import Lock, Suite, restore
from sandmle_gym.families import load_card
from sandmle_gym.metrics import get_metric

ENVS = Path(__file__).parents[2] / "envs"
LOCK = Lock.load(ENVS / "suite.lock.json")
SLOTS = list(Suite.load(ENVS / "suite.toml").slots())


def test_the_lock_holds_exactly_the_ids_of_the_plan():
    assert [(name, entry.card, entry.index) for name, entry in LOCK.tasks.items()] == [
        (slot.name, slot.card, slot.index) for slot in SLOTS
    ]


@pytest.mark.parametrize("card", sorted({slot.card for slot in SLOTS}))
def test_every_frozen_task_of_a_card_is_drawn_here_as_it_was_frozen(card):
    seed = load_card(ENVS / "seeds" / card / "seed.toml")
    for name, entry in LOCK.tasks.items():
        if entry.card == card:
            assert restore(entry, seed, name=name).digest == entry.digest


def test_every_frozen_task_is_certified_with_its_milestones_between_its_witnesses():
    for name, entry in LOCK.tasks.items():
        assert entry.certificate.certified, name
        assert entry.certificate.min_gap_se >= 4, name
        signed = get_metric(entry.metric).signed
        scores = {tier: signed(score) for tier, score in entry.certificate.rungs}
        marks = entry.milestones
        ladder = [signed(mark) for mark in (marks.median, marks.bronze, marks.silver, marks.gold)]
        for lower, mark, upper in zip(TIERS[:-1], ladder, TIERS[1:], strict=True):
            assert scores[lower] < mark < scores[upper], (name, lower)


def test_no_two_frozen_tasks_are_the_same():
    assert len({entry.digest for entry in LOCK.tasks.values()}) == len(LOCK.tasks)
