"""A wrong card is an error that names file and field, before anything is drawn; `derive` is pure."""

import copy
import json
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandmle_gym import families
from sandmle_gym.errors import CardError, UnknownNameError, UserError
from sandmle_gym.families.registry import get_family
from sandmle_gym.spec import TaskSpec

CARD = "ticket-routing"

WRONG = {
    "unknown key": (lambda c: c.update(colour="red"), "colour"),
    "missing key": (lambda c: c.pop("story"), "story"),
    "unknown family": (
        lambda c: c.update(family="tabular_multiclas"),
        "family.*tabular_multiclass",
    ),
    "unknown metric": (lambda c: c.update(metrics=["f1_makro"]), "metrics.*f1_macro"),
    "metric of another family": (lambda c: c.update(metrics=["rmse"]), "metrics.*rmse"),
    "metric without its parameter": (lambda c: c.update(metrics=["map_at_k"]), "metrics.*'k'"),
    "unknown unit": (lambda c: c["units"][0].update(kind="note"), "units.0.*notes"),
    "unit without kind": (lambda c: c["units"][0].pop("kind"), "units.0"),
    "unknown key in a unit": (lambda c: c["units"][0].update(word="x"), "units.0.word"),
    "unit without hint": (lambda c: c["units"][1].update(hints=[]), "units.1.hints"),
    "unknown block": (lambda c: c["blocks"][0].update(kind="hill"), "blocks.0"),
    "unknown trap": (lambda c: c["traps"][0].update(kind="decoys"), "traps.0.*decoy"),
    "unknown split": (lambda c: c.update(split="dev"), "split"),
    "bad slug": (lambda c: c.update(slug="Ticket Routing"), "slug"),
    "0 rows": (lambda c: c["ranges"].update(train_rows=[0, 100]), "ranges.train_rows"),
    "too many rows": (lambda c: c["ranges"].update(train_rows=[100, 900]), "ranges.train_rows"),
    "range the wrong way": (lambda c: c["ranges"].update(noise=[0.2, 0.1]), "ranges.noise.*swap"),
    "share above 1": (lambda c: c["ranges"].update(noise=[0.5, 1.5]), "ranges.noise"),
    "shares that leave nothing": (
        lambda c: c["ranges"].update(linear=[0.3, 0.5], insight=[0.4, 0.6]),
        "ranges.*non-linear",
    ),
    "more classes than rows show": (lambda c: c["ranges"].update(train_rows=[60, 90]), "5 classes"),
    "class name with a space": (lambda c: c["target"]["classes"].append("a b"), "target.classes"),
    "target of another family": (lambda c: c["target"].update(grades=5), "target.grades"),
    "column used twice": (lambda c: c["linear"][0].update(name="channel"), "channel"),
    "slips on no column": (
        lambda c: c["traps"].append({"kind": "slips", "column": "nothing", "hints": ["x"]}),
        "nothing",
    ),
    "only flat blocks": (lambda c: c.update(blocks=[c["blocks"][2]]), "blocks"),
    "column with blanks": (lambda c: c["linear"][0].update(name="cpu load"), "linear.0.name"),
    "not a number": (lambda c: c["linear"][0].update(spread="wide"), "linear.0.spread"),
}


@pytest.fixture
def raw(seeds) -> dict:
    return tomllib.loads((seeds / CARD / "seed.toml").read_text())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_card_names_file_and_field(wrong, raw, tmp_path, monkeypatch):
    spoil, message = WRONG[wrong]
    spoil(raw)
    path = tmp_path / "seed.toml"
    path.write_text("")
    monkeypatch.setattr(tomllib, "loads", lambda _: raw)
    with pytest.raises(CardError, match=f"(?s)seed.toml: .*{message}"):
        families.load_card(path)


@pytest.mark.parametrize("content", [b"slug = ", b"\xff\xfe", None])
def test_an_unreadable_card_names_the_file(content, tmp_path):
    path = tmp_path / "seed.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CardError, match=r"seed\.toml"):
        families.load_card(path)


def test_a_good_card_survives_its_own_dump(card):
    dumped = json.loads(card.model_dump_json())
    assert type(card).model_validate(copy.deepcopy(dumped)) == card


def test_wrong_recipes_are_refused(draw):
    spec = draw(CARD, 0).private.spec
    with pytest.raises(UnknownNameError, match="family"):
        families.draw(spec.model_copy(update={"family": "tabular_tree"}))
    with pytest.raises(CardError, match="shares"):
        families.draw(spec.model_copy(update={"knobs": {**spec.knobs, "linear_share": 0.9}}))
    with pytest.raises(CardError, match="noize"):
        families.draw(spec.model_copy(update={"knobs": {**spec.knobs, "noize": 0.1}}))


@pytest.mark.parametrize(("index", "attempt"), [(-1, 0), (0, -1)])
def test_there_is_no_negative_index(index, attempt, cards):
    with pytest.raises(UserError, match="start at 0"):
        families.derive(cards[CARD], index, attempt)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_index_gives_valid_knobs_within_the_card(data, cards):
    card = cards[data.draw(st.sampled_from(sorted(cards)))]
    index = data.draw(st.integers(0, 10**9))
    attempt = data.draw(st.integers(0, 20))
    spec = families.derive(card, index, attempt)
    assert spec == families.derive(card, index, attempt)
    assert TaskSpec.model_validate_json(spec.model_dump_json()) == spec
    knobs = get_family(spec.family).knobs.model_validate(spec.knobs)
    low, high = card.ranges.train_rows
    assert low <= knobs.train_rows <= high
    assert knobs.metric in card.metrics


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_shares_of_a_table_are_a_whole_budget(data, table_cards):
    card = table_cards[data.draw(st.sampled_from(sorted(table_cards)))]
    spec = families.derive(card, data.draw(st.integers(0, 10**9)), data.draw(st.integers(0, 20)))
    knobs = get_family(spec.family).knobs.model_validate(spec.knobs)
    assert 0 < knobs.noise <= card.ranges.noise[1]
    assert abs(knobs.linear_share + sum(knobs.block_shares) + sum(knobs.unit_shares) - 1) < 1e-3
    assert min(*knobs.block_shares, *knobs.unit_shares) > 0.02
    assert 2 <= len(knobs.units) <= 3
    assert 1 <= len(knobs.blocks) <= 2
    assert any(block.curved for block in knobs.blocks)


def test_later_attempts_are_easier(table_card):
    first, later = (families.derive(table_card, 5, attempt) for attempt in (0, 12))
    assert later.knobs["noise"] < first.knobs["noise"]
    quietest = table_card.ranges.noise[0] * 0.9**12
    assert later.knobs["noise"] >= quietest * 0.99


def test_importing_families_is_light():
    code = (
        "import sys, sandmle_gym.families as f; f.family_names(); "
        "print({'pandas', 'scipy', 'sklearn', 'lightgbm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_public_face_is_what_it_says():
    assert sorted(families.__all__) == ["SeedCard", "derive", "draw", "family_names", "load_card"]
    assert all(hasattr(families, name) for name in families.__all__)
    with pytest.raises(AttributeError):
        _ = families.nothing
