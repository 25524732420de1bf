"""Laws of every unit, block and trap that a tabular card can name."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sandmle_gym.families.recipes import graph, multimodal
from sandmle_gym.families.table import write_csv
from sandmle_gym.families.tabular import units
from sandmle_gym.families.tabular.ingredient import Block, Unit
from sandmle_gym.families.tabular.traps import ORDER, Rows, Trap
from sandmle_gym.seeding import stream

ROWS = 1500
IDS = [f"r{k}" for k in range(ROWS)]


def frame(columns) -> pd.DataFrame:
    """The columns as an agent reads them."""
    if not columns:  # all that the unit brings is in a file of its own
        return pd.DataFrame(index=range(ROWS))
    return pd.read_csv(io.BytesIO(write_csv({name: cell.text() for name, cell in columns.items()})))


def after(part, code: str, both: pd.DataFrame) -> pd.DataFrame:
    """Run lines of a part where its files lie."""
    scope = {
        **vars(graph),
        **vars(multimodal),
        "both": both.copy(),
        "names": np.array(IDS),
        "np": np,
        "pd": pd,
    }
    for name, data in part.files(IDS).items() if part.files else ():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)
    exec(code, scope)
    return scope["both"]


def explained(both: pd.DataFrame, effect: np.ndarray) -> float:
    """R² of a linear model on numbers and one-hot words with few levels."""
    both = both.assign(constant=1.0)
    numbers = set(both.select_dtypes("number"))
    few = [name for name in both if name in numbers or both[name].nunique() <= 12]
    matrix = pd.get_dummies(both[few], dtype=float).to_numpy()
    fit = matrix @ np.linalg.lstsq(matrix, effect, rcond=None)[0]
    return 1 - ((effect - fit) ** 2).sum() / ((effect - effect.mean()) ** 2).sum()


def sources(card):
    return [*card.units, *card.blocks]


def test_every_unit_is_used_by_a_card_and_named_like_its_file(table_cards):
    files = {path.stem for path in Path(units.__file__).parent.glob("[!_]*.py")}
    kinds = {kind.model_fields["kind"].default for kind in Unit.__subclasses__()}
    assert files == kinds == {unit.kind for card in table_cards.values() for unit in card.units}


def test_every_block_and_trap_is_used_by_a_card(table_cards):
    for base, found in (
        (Block, {block.kind for card in table_cards.values() for block in card.blocks}),
        (Trap, {trap.kind for card in table_cards.values() for trap in card.traps}),
    ):
        assert {kind.model_fields["kind"].default for kind in base.__subclasses__()} == found
    assert set(ORDER) == {trap.kind for card in table_cards.values() for trap in card.traps}


def test_the_feature_of_a_unit_recovers_what_the_raw_columns_hide(
    table_card, tmp_path, monkeypatch
):
    """A line on the raw columns explains at most two thirds of the effect, one on the features nearly all."""
    monkeypatch.chdir(tmp_path)
    for unit in table_card.units:
        part = unit.draw(ROWS, stream(table_card.slug, unit.kind, "test"))
        raw = frame(part.columns)
        assert explained(raw, part.effect) < 0.67, unit.kind
        engineered = after(part, part.features + part.basis, raw)
        assert explained(engineered, part.effect) > 0.93, unit.kind
        assert not engineered.isna().any(axis=None), unit.kind


def test_the_basis_of_a_block_is_its_effect(table_card):
    for block in table_card.blocks:
        part = block.draw(ROWS, stream(table_card.slug, block.kind, "test"))
        shaped = after(part, part.basis, frame(part.columns))
        assert explained(shaped, part.effect) > 0.999, block.kind
        if block.curved:
            assert explained(frame(part.columns), part.effect) < 0.6, block.kind


def test_effects_follow_from_the_cells_and_are_never_constant(table_card):
    for source in sources(table_card):
        part = source.draw(ROWS, stream(table_card.slug, source.kind, "test"))
        again = source.draw(ROWS, stream(table_card.slug, source.kind, "test"))
        assert set(part.columns) == {column.name for column in source.columns}
        assert part.effect.std() > 0
        assert (part.effect == again.effect).all()
        for name, cells in part.columns.items():
            assert len(cells.values) == ROWS
            assert cells.text() == again.columns[name].text()
        if part.files is not None:
            brought = part.files(IDS)
            assert brought == again.files(IDS)
            places = {name.partition("/")[0] + "/" if "/" in name else name for name in brought}
            assert places == {side.file for side in source.sides}


@pytest.fixture
def rows(table_card) -> Rows:
    """Clean rows of the linear columns, 150 of them for training."""
    rng = stream(table_card.slug, "rows")
    columns = {c.name: c.cells(c.scaled(rng.normal(size=ROWS))) for c in table_card.linear}
    latent = np.round(rng.normal(size=ROWS), 6)
    target = table_card.linear[0].model_copy(update={"name": "goal", "digits": 5})
    return Rows(columns, target.cells(target.scaled(latent)), latent, train=150)


def files(rows: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    both = frame({**rows.columns, "goal": rows.target})
    both.insert(0, "key", np.arange(len(both)))
    return both[: rows.train].copy(), both[rows.train :].drop(columns=["goal", *rows.later])


def test_a_trap_spoils_train_rows_only_and_cleaning_undoes_it(table_card, rows):
    clean_train, clean_test = files(rows)
    for trap in table_card.traps:
        sprung = trap.spring(rows, stream(table_card.slug, trap.kind))
        assert sprung.target.text()[rows.train :] == rows.target.text()[rows.train :]
        train, test = files(sprung)
        assert not train[clean_train.columns].equals(clean_train) or trap.kind in ("decoy", "later")
        scope = {"train": train, "test": test, "np": np, "pd": pd}
        exec(trap.cleaning(), scope)
        pd.testing.assert_frame_equal(scope["test"], clean_test)
        cleaned = scope["train"].sort_values("key")
        assert len(cleaned) > 0.7 * rows.train
        if trap.kind != "revisions":  # there, first entries took the place of other rows
            same = clean_train.loc[cleaned.index]
            pd.testing.assert_frame_equal(cleaned, same, check_dtype=False)
        else:
            features = list(rows.columns)
            true = clean_train.merge(cleaned, on=features, suffixes=("", "_cleaned"))
            assert len(true) == len(cleaned)
            assert (true["goal"] == true["goal_cleaned"]).all()


def test_a_decoy_knows_the_target_in_train_and_nothing_in_test(table_card, rows):
    for trap in table_card.traps:
        if trap.kind == "decoy":
            sprung = trap.spring(rows, stream(table_card.slug, "decoy"))
            values = np.array(sprung.columns[trap.column.name].text(), dtype=float)
            knows = [
                np.corrcoef(values[part], rows.latent[part])[0, 1]
                for part in (slice(rows.train), slice(rows.train, None))
            ]
            assert knows[0] > 0.9
            assert abs(knows[1]) < 0.12
            assert abs(values[: rows.train].mean() - values[rows.train :].mean()) < values.std()


def test_an_unknown_kind_is_refused_with_a_guess(table_card):
    raw = table_card.model_dump(mode="json")
    raw["units"][0]["kind"] = "ration"
    with pytest.raises(ValidationError, match=r"unknown kind of unit 'ration'.*ratio"):
        type(table_card).model_validate(raw)
