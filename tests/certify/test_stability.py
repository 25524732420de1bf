"""How sure the medals of a measured task are: the same resamples for every witness."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sandmle_gym import stability
from sandmle_gym.certify import certify
from sandmle_gym.sandbox import get_backend
from sandmle_gym.stability import of_suite, of_task


def test_a_certified_ladder_keeps_its_order_on_every_resample(good, replay):
    report = of_task(certify(good, replay), replay)
    assert report["order"] == pytest.approx([1.0] * 4)
    assert report["paired_flips"] == pytest.approx([0.0] * 4)
    assert all(0 <= share < 0.05 for share in report["frozen_flips"])


def test_a_threshold_on_top_of_a_witness_flips_half_of_the_time(good, replay):
    measured = certify(good, replay)
    rungs = {rung.tier: rung.score for rung in measured.private.certificate.rungs}
    marks = measured.milestones.model_copy(update={"gold": rungs["expert"]})
    shifted = replace(measured, private=replace(measured.private, milestones=marks))
    assert of_task(shifted, replay)["frozen_flips"][3] == pytest.approx(0.25, abs=0.1)


def test_a_witness_that_breaks_is_told_and_not_counted(good, replay):
    measured = certify(good, replay)
    replay.corrupt = lambda source, run: "no submission"
    assert "trivial" in of_task(measured, replay)["problems"]


def test_a_task_whose_witness_breaks_is_named(good, replay, monkeypatch):
    measured = certify(good, replay)
    replay.corrupt = lambda source, run: "no submission"
    monkeypatch.setattr(stability, "open_task", lambda name: SimpleNamespace(bundle=measured))
    report = of_suite(["task-003"], replay)
    assert report["tasks"] == 0
    assert "trivial" in report["broken"]["task-003"]


def test_a_task_without_a_recipe_is_not_drawn_again(good, replay):
    assert of_task(certify(good, replay), replay)["redrawn_order"] == []


@pytest.mark.slow
def test_the_witnesses_of_a_frozen_task_keep_their_order_on_another_draw_of_its_recipe():
    with get_backend() as backend:
        report = of_suite(["task-003"], backend)
    assert report["redrawn_pairs"] == 10
    assert report["redrawn_pairs_in_order"] == 1.0
    assert report["pairs_in_order_99"] == 1.0
    assert max(report["largest_mib"].values()) < 1024
    assert max(report["slowest_seconds"].values()) < 10
