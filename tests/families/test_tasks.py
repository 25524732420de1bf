"""Laws of every task of every seed card."""

import ast
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from sandmle_gym import families
from sandmle_gym.bundle import PUBLIC_PART, TIERS
from sandmle_gym.families.registry import get_family
from sandmle_gym.grading import parse
from sandmle_gym.grading.parse import Scored
from sandmle_gym.metrics import get_metric, metric_names
from sandmle_gym.spec import MetricSpec, TaskSpec

ELSEWHERE = """
import json, sys
from pathlib import Path
from sandmle_gym.families import derive, draw, load_card
seeds, tasks = Path(sys.argv[1]), json.loads(sys.argv[2])
cards = {slug: load_card(seeds / slug / "seed.toml") for slug, _ in tasks}
print(json.dumps([draw(derive(cards[slug], index)).digest for slug, index in tasks]))
print(json.dumps(sorted({"pandas", "sklearn", "lightgbm"} & set(sys.modules))))
"""


def test_a_task_is_the_same_in_every_process(tmp_path, seeds, cards, draw):
    tasks = [(slug, index) for slug in cards for index in range(3)]
    settings = {
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(seeds), json.dumps(tasks)],
        env={**os.environ, **settings},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    digests, heavy = map(json.loads, done.stdout.splitlines())
    assert digests == [draw(*which).digest for which in tasks]
    assert heavy == [], "drawing must not import the libraries that only witnesses need"


def test_tasks_of_a_card_differ_by_index_and_by_attempt(slug, draw):
    digests = {draw(slug, index).digest for index in range(3)}
    digests |= {draw(slug, 0, attempt).digest for attempt in (1, 2)}
    assert len(digests) == 5


def test_a_recipe_survives_json_and_needs_no_card(bundle):
    again = TaskSpec.model_validate_json(bundle.private.spec.model_dump_json())
    assert families.draw(again).digest == bundle.digest


def test_sample_and_oracle_are_valid_submissions(bundle, read):
    sample = parse(bundle.brief, bundle.private.answers, bundle.public["sample_submission.csv"])
    oracle = parse(bundle.brief, bundle.private.answers, bundle.private.oracle)
    assert isinstance(sample, Scored), sample
    assert isinstance(oracle, Scored), oracle
    metric = get_metric(bundle.brief.metric)
    assert metric.signed(oracle.score()) > metric.signed(sample.score())


def test_sizes_are_micro_scale_with_enough_hidden_rows(bundle, read):
    train, test = (read(bundle.public[name]) for name in ("train.csv", "test.csv"))
    key = bundle.brief.submission.id_column
    parts = read(bundle.private.answers)["part"]
    assert len(train[key]) == bundle.brief.train_rows
    assert 50 <= len(train[key]) <= 200
    assert 300 <= parts.count(PUBLIC_PART) <= 400
    assert len(parts) - parts.count(PUBLIC_PART) >= 1000
    assert len(test[key]) == len(parts) == bundle.brief.submission.rows


def test_ids_are_unique_and_opaque(bundle, read):
    key = bundle.brief.submission.id_column
    train, test = (read(bundle.public[name])[key] for name in ("train.csv", "test.csv"))
    ids = train + test
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-f][0-9a-f]{7}", name) for name in ids)
    answers = read(bundle.private.answers)
    assert answers[key] == test
    truth = np.unique(answers[bundle_target(bundle)], return_inverse=True)[1]
    numbers = np.array([int(name, 16) for name in test], dtype=float)
    for clue in (numbers, np.arange(len(test)), np.array(answers["part"]) == PUBLIC_PART):
        z = np.corrcoef(clue.astype(float), truth)[0, 1] * np.sqrt(len(test))
        assert abs(z) < 4.5


def test_no_file_has_an_empty_or_undefined_cell(bundle, read):
    files = [data for name, data in bundle.public.items() if name.endswith(".csv")]
    for data in (*files, bundle.private.answers, bundle.private.oracle):
        for cells in read(data).values():
            assert not {"", "nan", "inf", "-inf", "None"} & set(cells)


def test_test_rows_are_not_in_train(bundle, read):
    train, test = (read(bundle.public[name]) for name in ("train.csv", "test.csv"))
    shared = [name for name in test if name != bundle.brief.submission.id_column]
    assert set(train) == {*test, bundle_target(bundle)}
    seen = set(zip(*(train[name] for name in shared), strict=True))
    assert not seen & set(zip(*(test[name] for name in shared), strict=True))


def test_answers_are_not_public(bundle, read):
    for name, data in bundle.public.items():
        assert bundle.private.answers not in data
        assert name == "description.md" or "part" not in read(data)
    assert bundle_target(bundle) not in read(bundle.public["test.csv"])


def test_the_description_names_every_file_and_column(bundle, read):
    text = bundle.public["description.md"].decode()
    for name, data in bundle.public.items():
        assert f"`{name}`" in text
        if name in ("train.csv", "test.csv"):
            assert all(f"`{column}`" in text for column in read(data))
    assert "`submission.csv`" in text
    assert ",".join(bundle.brief.submission.columns) in text
    metric = get_metric(bundle.brief.metric)
    assert metric.title in text
    assert metric.description in text
    assert all(f"`{label}`" in text or label in text for label in bundle.brief.submission.labels)


def test_the_description_leaks_no_rule(bundle):
    """Neither words that give an insight away, nor formulas, nor a hidden number."""
    knobs = get_family(bundle.brief.family).knobs.model_validate(bundle.private.spec.knobs)
    text = bundle.public["description.md"].decode()
    told = text.split("## Evaluation")[0].lower()
    hints = told[told.rindex("\n## ") :]
    spoilers = [word for part in (*knobs.units, *knobs.blocks) for word in part.spoilers]
    assert hints.count("* ") >= len(knobs.units) + len(knobs.traps)
    assert [word for word in spoilers if re.search(rf"\b{word}", hints)] == []
    assert not re.search(r"\d", hints)
    assert not re.search(r"log\(|exp\(|sqrt|\bcos\b|noise|bayes|latent", told)
    hidden = [knobs.noise, knobs.linear_share, *knobs.unit_shares, *knobs.block_shares]
    hidden += [*getattr(knobs.target, "cuts", ()), getattr(knobs.target, "cut", 0.12345)]
    assert not {f"{abs(number):g}" for number in hidden} & set(re.findall(r"\d*\.\d+", text))


def test_witnesses_are_programs_that_stand_alone(bundle):
    programs = bundle.private.witnesses
    assert tuple(programs) == TIERS
    for tier, code in programs.items():
        tree = ast.parse(code)
        stochastic = tier in TIERS[1:4]
        assert code.startswith(f"# stochastic: {'yes' if stochastic else 'no'}\n")
        assert ("SANDMLE_WITNESS_SEED" in code) == stochastic
        assert ast.get_docstring(tree)
        assert imported(tree) <= {
            "os",
            "functools",
            "numpy",
            "pandas",
            "scipy",
            "sklearn",
            "lightgbm",
        }
        files = set(re.findall(r"[\w./-]+\.csv", code))
        assert files == {"train.csv", "test.csv", "submission.csv"}
        assert "n_jobs=-1" not in code
        assert max(map(len, code.splitlines())) < 400


def test_a_readme_tells_people_what_is_hidden(slug, seeds, card):
    text = (seeds / slug / "README.md").read_text()
    assert card.slug == slug
    assert card.title in text
    parts = (*card.units, *card.traps)
    assert all(f"`{column.name}`" in text for part in parts for column in part.columns)
    assert all(spec.name in text for spec in card.metrics)


def test_cards_cover_domains_families_and_metrics(cards):
    assert len({known.domain for known in cards.values()}) == len(cards) >= 12
    assert {known.family for known in cards.values()} == set(families.family_names())
    assert len(families.family_names()) >= 5
    training = [known for known in cards.values() if known.split == "train"]
    metrics = {
        families.derive(known, index).knobs["metric"]["name"]
        for known in training
        for index in range(100 // len(training))
    }
    assert len(metrics) >= 12
    assert {"val", "test"} <= {known.split for known in cards.values()}


@pytest.mark.parametrize("name", families.family_names())
def test_a_family_asks_for_the_form_that_its_metrics_score(name):
    family = get_family(name)
    assert family.name == name
    for metric, form in family.metrics.items():
        assert metric in metric_names()
        params = {"pinball": {"quantile": 0.8}, "f_beta": {"beta": 2.0}, "map_at_k": {"k": 3}}
        assert get_metric(MetricSpec(name=metric, params=params.get(metric, {}))).form is form


def bundle_target(bundle) -> str:
    return bundle.private.spec.knobs["target"]["name"]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names
