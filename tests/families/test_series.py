"""Laws of series: calendars are whole, plants look back only, gains and jolts tell nothing."""

import io
from datetime import date, timedelta

import numpy as np
import pytest

from sandmle_gym.families.recipes import series as recipes
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.series.arrays import npy
from sandmle_gym.families.series.plant import Plant, draw_runs
from sandmle_gym.families.series.tremor import Signs, draw_snippets
from sandmle_gym.families.series.watch import FINE, Coupling, draw_windows


def cards_of(family, cards):
    return [slug for slug, card in cards.items() if card.family == family]


def test_numpy_reads_our_arrays():
    values = np.arange(-6, 6, dtype=np.int16).reshape(3, 4)
    assert (np.load(io.BytesIO(npy(values))) == values).all()
    theirs = io.BytesIO()
    np.save(theirs, values)
    assert npy(values) == theirs.getvalue()
    with pytest.raises(ValueError, match="int16"):
        npy(values.astype(float))


def test_a_panel_has_every_day_of_every_place_once(cards, draw, read):
    for slug in cards_of("series_panel", cards):
        bundle = draw(slug, 0)
        knobs = get_family("series_panel").knobs.model_validate(bundle.private.spec.knobs)
        tables = [read(bundle.public[name]) for name in ("history.csv", "train.csv", "test.csv")]
        seen = [
            pair
            for table in tables
            for pair in zip(table[knobs.place.name], table[knobs.day.name], strict=True)
        ]
        days = {knobs.first + timedelta(days=k) for k in range(knobs.past + knobs.ahead)}
        places = {place for place, _ in seen}
        assert len(places) == knobs.places
        assert len(seen) == len(set(seen)) == knobs.places * len(days)
        assert {date.fromisoformat(day) for _, day in seen} == days
        last = max(tables[1][knobs.day.name])
        assert last < min(tables[2][knobs.day.name])


def test_places_are_closed_in_the_distant_past_only(cards, draw, read):
    for slug in cards_of("series_panel", cards):
        bundle = draw(slug, 0)
        knobs = get_family("series_panel").knobs.model_validate(bundle.private.spec.knobs)
        name = knobs.target.name
        history, train = (read(bundle.public[file])[name] for file in ("history.csv", "train.csv"))
        answers = read(bundle.private.answers)[name]
        assert 0.01 < np.mean([float(cell) == 0 for cell in history]) < 0.06
        assert all(float(cell) > 0 for cell in (*train, *answers))


def test_a_plant_is_what_its_expert_fits():
    plant = Plant(now=0.3, store=0.5, peak=0.2, bend=0.4, own=0.4)
    runs = draw_runs(plant, 0.12, 3, (400, 24), 6, "plant")
    kind = np.eye(3)[runs.kind]
    now = recipes.at_step(runs.inputs, runs.asked)
    store = recipes.at_step(recipes.leaking(runs.inputs, 0.12), runs.asked)
    peak = recipes.at_step(np.maximum.accumulate(runs.inputs, axis=1), runs.asked)
    acting = [kind * part[:, None] for part in (now, (now - 0.5) ** 2, store)]
    matrix = np.column_stack([*acting, kind, peak])
    found = np.linalg.lstsq(matrix, runs.mean, rcond=None)[0]
    assert np.abs(matrix @ found - runs.mean).max() < 1e-5


def test_the_signs_of_a_snippet_can_be_read_and_its_gain_tells_nothing():
    signs = Signs(glide=0.4, ratio=0.3, bursts=0.3, rising=True)
    snippets = draw_snippets(signs, (600, 320), "signs")
    waves = snippets.samples.astype(float)
    pitch, ratio = np.log(recipes.pitches(waves)), recipes.level_ratio(waves, near=2)
    knocks = np.log1p(recipes.burst_counts(waves, turns=0.45, halving=3))
    fit = np.column_stack([pitch, ratio, knocks, np.ones(600)])
    found = np.linalg.lstsq(fit, snippets.mean, rcond=None)[0]
    assert np.corrcoef(fit @ found, snippets.mean)[0, 1] > 0.95
    loudness = np.log(waves.std(axis=2).max(axis=1))
    assert abs(np.corrcoef(loudness, snippets.mean)[0, 1]) < 0.3


def test_faults_are_as_frequent_in_every_mode_and_jolts_are_no_faults():
    coupling = Coupling(lag=2, faults=(0.1, 0.1, 0.1), jolts=0.5, stuck=6)
    windows = draw_windows(coupling, 0.3, 3, (6000, 24), "watch")
    faulty = windows.fault != FINE
    assert faulty.mean() == pytest.approx(0.3, abs=0.03)
    rates = [faulty[windows.mode == mode].mean() for mode in range(3)]
    assert np.ptp(rates) < 0.06
    far = np.abs(windows.first).max(axis=1) > 4
    assert np.corrcoef(far, faulty)[0, 1] == pytest.approx(0, abs=0.06)
