"""A real task has milestones that climb, and says plainly what cannot be known of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.bundle import TIERS
from sandmle_gym.certify import Lock, freeze_entry
from sandmle_gym.certify.ladder import Ladder, Step
from sandmle_gym.errors import LockMismatchError, UnknownNameError, UserError
from sandmle_gym.metrics import get_metric
from sandmle_gym.real import REAL_TASKS, draw, from_frame, measure, restore
from sandmle_gym.real.ceiling import well_taught
from sandmle_gym.real.measure import by_skill
from sandmle_gym.sandbox import get_backend


def ladder_of(scores, greater=True):
    steps = tuple(Step(tier, score) for tier, score in zip(TIERS, scores, strict=True))
    return Ladder(steps, Step("oracle", max(scores)), greater)


@given(st.lists(st.floats(-100, 100), min_size=5, max_size=5), st.booleans())
def test_milestones_by_skill_climb_and_are_reached_by_a_witness(scores, greater):
    ladder = ladder_of(scores, greater)
    best = max(scores)
    try:
        marks = by_skill(ladder)
    except UserError:
        assert best - scores[0] < 1e-9
        return
    signed = [
        ladder.metric_units(mark) for mark in (marks.median, marks.bronze, marks.silver, marks.gold)
    ]
    assert scores[0] < signed[0] < signed[1] < signed[2] < signed[3] <= best


@pytest.fixture(scope="module")
def houses():
    random = np.random.RandomState(4)
    rows = 150
    area, age = random.uniform(40, 200, rows).round(1), random.randint(0, 90, rows).astype(float)
    part = random.choice(["north", "south", "harbour"], rows)
    note = random.choice(["needs a new roof soon", "freshly painted and very bright"], rows)
    price = (
        2.0 * area
        - age
        + 80 * (part == "harbour")
        + 30 * (note > "n")
        + 5 * random.normal(size=rows)
    )
    age[random.random_sample(rows) < 0.1] = np.nan
    sold = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.randint(0, 500, rows), unit="D")
    return pd.DataFrame(
        {
            "area": area,
            "age": age,
            "part": part,
            "note": note,
            "sold": sold,
            "price": price.round(1),
        }
    )


@pytest.mark.parametrize(
    ("target", "metric"),
    [("price", "rmsle"), ("part", "log_loss_multiclass"), ("note", "roc_auc")],
)
def test_a_table_with_every_kind_of_column_is_measured_and_never_certified(houses, target, metric):
    measured = measure(
        from_frame(houses, target=target, metric=metric, name="houses"), get_backend()
    )
    certificate, marks = measured.private.certificate, measured.milestones
    failed = {gate.name: gate.detail for gate in certificate.failures}
    assert not certificate.certified
    assert "unknown" in failed["oracle_known"]
    assert "63 private rows" in failed["private_rows"]
    assert not {"witnesses_run", "perfect_is_best", "files_described", "files_agree"} & set(failed)
    signed = get_metric(measured.brief.metric).signed
    order = [marks.trivial, marks.median, marks.bronze, marks.silver, marks.gold]
    assert order == sorted(order, key=signed)
    assert len(set(order)) == 5
    assert signed(marks.ceiling) >= max(signed(rung.score) for rung in certificate.rungs) - 1e-9


def test_a_target_that_nothing_predicts_is_an_error_that_says_so(houses):
    houses = houses.assign(luck=np.random.RandomState(1).normal(size=len(houses)))
    bundle = from_frame(houses[["area", "luck"]], target="luck", metric="rmse", name="luck")
    with pytest.raises(UserError, match="better than a constant"):
        measure(bundle, get_backend())


def test_the_ceiling_answers_every_hidden_row(houses):
    bundle = from_frame(houses, target="note", metric="roc_auc", name="houses")
    lines = well_taught(bundle, get_backend()).decode().splitlines()
    assert lines[0] == "id,note"
    assert len(lines) == 1 + bundle.brief.submission.rows


@pytest.mark.parametrize("name", REAL_TASKS)
def test_a_real_task_names_neither_its_source_nor_its_columns(name):
    bundle = draw(name)
    public = b"".join(bundle.public.values()).lower()
    for word in (
        name.replace("-", " "),
        name,
        "sklearn",
        "cancer",
        "setosa",
        "mean radius",
        "alcohol",
    ):
        assert word.encode() not in public
    assert bundle.brief.submission.rows + bundle.brief.train_rows >= 150


def test_a_real_task_is_restored_without_measuring_it_again():
    measured = measure(draw("diabetes"), get_backend())
    restored = restore("diabetes", freeze_entry(measured))
    assert restored.milestones == measured.milestones
    assert restored.private.certificate.failures == measured.private.certificate.failures
    with pytest.raises(LockMismatchError, match="wine"):
        restore("wine", freeze_entry(measured))


def test_an_unknown_real_task_is_named():
    with pytest.raises(UnknownNameError, match="did you mean diabetes"):
        draw("diabets")


def test_every_shipped_real_task_is_what_this_machine_makes_and_says_why_it_is_not_certified():
    lock = Lock.load(Path(__file__).parents[2] / "envs" / "real.lock.json")
    assert set(lock.tasks) == set(REAL_TASKS)
    for name, entry in lock.tasks.items():
        certificate = restore(name, entry).private.certificate
        assert certificate.certified is False
        assert "oracle_known" in [gate.name for gate in certificate.failures]
