"""The plan of the suite maps every id to one card and index, and refuses plans that cannot hold."""

import pytest

from sandmle_gym.certify import Suite
from sandmle_gym.certify.suite import SplitPlan
from sandmle_gym.errors import UserError
from sandmle_gym.spec import Split

PLAN = """
version = "1"
[splits.train]
first = 0
count = 5
frozen = {frozen}
cards = ["oak", "elm"]
[splits.val]
first = 5
count = 2
frozen = 2
cards = {val}
"""


@pytest.fixture
def plan(tmp_path):
    def load(frozen=5, val='["ash"]', text=PLAN):
        path = tmp_path / "suite.toml"
        path.write_text(text.format(frozen=frozen, val=val))
        return Suite.load(path)

    return load


def test_ids_take_the_cards_of_their_split_in_turn(plan):
    slots = list(plan().slots())
    assert [(slot.name, slot.card, slot.index) for slot in slots] == [
        ("task-000", "oak", 0),
        ("task-001", "elm", 0),
        ("task-002", "oak", 1),
        ("task-003", "elm", 1),
        ("task-004", "oak", 2),
        ("task-005", "ash", 0),
        ("task-006", "ash", 1),
    ]
    assert [slot.split for slot in slots] == [Split.TRAIN] * 5 + [Split.VAL] * 2


def test_freezing_more_ids_moves_none(plan):
    assert list(plan(3).slots())[:3] == list(plan(5).slots())[:3]
    assert list(plan(3).slots())[3:] == list(plan(5).slots())[5:]


def test_no_card_serves_two_splits(plan):
    with pytest.raises(UserError, match="more than one split"):
        plan(val='["oak"]')


@pytest.mark.parametrize("cards", [["ash", "ash"], ["ash", "fir", "ash"], ["fir"]])
def test_a_card_never_repeats_a_draw(cards):
    plan = SplitPlan(first=10, count=40, frozen=40, cards=tuple(cards))
    slots = [plan.slot(Split.TEST, number) for number in range(10, 50)]
    for card in set(cards):
        assert [slot.index for slot in slots if slot.card == card] == list(
            range(sum(slot.card == card for slot in slots))
        )


@pytest.mark.parametrize("options", [{"frozen": 6}, {"val": "[]"}])
def test_an_id_that_no_card_serves_cannot_be_frozen(plan, options):
    with pytest.raises(UserError, match="are to be frozen"):
        list(plan(**options).slots())


@pytest.mark.parametrize("text", ["version = 1", "nonsense", PLAN + "\ntypo = 1"])
def test_a_wrong_plan_is_a_user_error(plan, text):
    with pytest.raises(UserError, match=r"suite\.toml"):
        plan(text=text)
