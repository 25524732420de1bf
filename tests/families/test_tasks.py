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
from sandmle_gym.families.readme import readme
from sandmle_gym.families.registry import get_family
from sandmle_gym.grading import parse
from sandmle_gym.grading.parse import Scored
from sandmle_gym.metrics import get_metric, metric_names, metric_params
from sandmle_gym.spec import MetricSpec, TaskSpec

ELSEWHERE = """
import json, sys
from pathlib import Path
from sandmle_gym.families import derive, draw, load_card
seeds, tasks = Path(sys.argv[1]), json.loads(sys.argv[2])
cards = {slug: load_card(seeds / slug / "seed.toml") for slug, _ in tasks}
print(json.dumps([draw(derive(cards[slug], index)).digest for slug, index in tasks]))
print(json.dumps(sorted({"pandas", "sklearn", "lightgbm", "PIL"} & set(sys.modules))))
"""


def test_a_task_is_the_same_in_every_process(tmp_path, seeds, cards, draw):
    tasks = [(slug, 0) for slug in cards]
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
    assert len({draw(slug, *which).digest for which in ((0, 0), (1, 0), (0, 1))}) == 3


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
    assert 100 <= parts.count(PUBLIC_PART) <= 400
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
    numbers = np.array([int(name, 16) for name in test], dtype=float)
    for column in truth_columns(bundle, read):
        truth = np.unique(answers[column], return_inverse=True)[1]
        for clue in (numbers, np.arange(len(test)), np.array(answers["part"]) == PUBLIC_PART):
            if np.ptp(truth) > 0:
                z = np.corrcoef(clue.astype(float), truth)[0, 1] * np.sqrt(len(test))
                assert abs(z) < 4.8, column


def test_no_file_has_an_empty_or_undefined_cell(bundle, read):
    files = [data for name, data in bundle.public.items() if name.endswith(".csv")]
    for data in (*files, bundle.private.answers, bundle.private.oracle):
        for cells in read(data).values():
            assert not {"", "nan", "inf", "-inf", "None"} & set(cells)


def test_test_rows_are_not_in_train(bundle, read):
    train, test = (read(bundle.public[name]) for name in ("train.csv", "test.csv"))
    shared = [name for name in test if name != bundle.brief.submission.id_column]
    assert set(test) < set(train)
    seen, asked = (rows(table, shared, bundle.public) for table in (train, test))
    assert not seen & asked


def test_answers_are_not_public(bundle, read):
    for name, data in bundle.public.items():
        assert bundle.private.answers not in data
        assert not name.endswith(".csv") or "part" not in read(data)
    test = read(bundle.public["test.csv"])
    assert not set(truth_columns(bundle, read)) & set(test)


def test_every_cell_that_looks_like_a_file_is_one_and_every_file_is_named(bundle, read):
    cells = {
        cell
        for name in ("train.csv", "test.csv")
        for cells in read(bundle.public[name]).values()
        for cell in cells
    }
    folders = {name for name in bundle.public if "/" in name}
    assert folders <= cells
    places = tuple({name.partition("/")[0] + "/" for name in folders})
    assert {cell for cell in cells if places and cell.startswith(places)} <= folders


def test_the_size_of_a_file_tells_nothing(bundle, read):
    """The sizes of test files are independent of the truth."""
    answers = read(bundle.private.answers)
    for cells in read(bundle.public["test.csv"]).values():
        if not set(cells) <= set(bundle.public):
            continue
        sizes = np.array([len(bundle.public[cell]) for cell in cells], dtype=float)
        for column in truth_columns(bundle, read):
            truth = np.unique(answers[column], return_inverse=True)[1]
            if np.ptp(sizes) > 0 and np.ptp(truth) > 0:
                z = np.corrcoef(sizes, truth)[0, 1] * np.sqrt(len(sizes))
                assert abs(z) < 4.8


def test_the_description_names_every_file_and_column(bundle, read):
    text = bundle.public["description.md"].decode()
    for name, data in bundle.public.items():
        folder, slash, _ = name.rpartition("/")
        assert f"`{folder + slash or name}`" in text
        if name.endswith(".csv") and name != "sample_submission.csv":
            assert all(f"`{column}`" in text for column in read(data))
    assert "`submission.csv`" in text
    assert ",".join(bundle.brief.submission.columns) in text
    metric = get_metric(bundle.brief.metric)
    assert metric.title in text
    assert metric.description in text
    assert all(f"`{label}`" in text or label in text for label in bundle.brief.submission.labels)


def test_the_description_leaks_no_formula_and_no_hidden_number(bundle):
    knobs = bundle.private.spec.knobs
    text = bundle.public["description.md"].decode()
    told = text.split("## Evaluation")[0].lower()
    hints = told[told.rindex("\n## ") :]
    assert hints.count("* ") >= 1
    assert not re.search(r"\d", hints)
    assert not re.search(r"log\(|exp\(|sqrt|\bcos\b|noise level|bayes|latent", told)
    hidden = {f"{abs(number):g}" for number in numbers_in(knobs) if number != round(number, 2)}
    assert not hidden & set(re.findall(r"\d*\.\d+", text))


def test_witnesses_are_programs_that_stand_alone(bundle):
    programs = bundle.private.witnesses
    assert tuple(programs) == TIERS
    for code in programs.values():
        tree = ast.parse(code)
        stochastic = "SANDMLE_WITNESS_SEED" in code
        assert code.startswith(f"# stochastic: {'yes' if stochastic else 'no'}\n")
        assert ast.get_docstring(tree)
        assert imported(tree) <= {
            *sys.stdlib_module_names,
            "PIL",
            "numpy",
            "pandas",
            "scipy",
            "sklearn",
            "lightgbm",
        }
        files = set(re.findall(r"[\w./-]+\.csv", code)) - set(bundle.public)
        assert files == {"submission.csv"}
        assert "n_jobs=-1" not in code
        assert max(map(len, code.splitlines())) < 400


def test_a_readme_is_what_the_card_and_its_family_say(slug, seeds, card):
    text = (seeds / slug / "README.md").read_text()
    assert text == readme(card), "write it anew: sandmle gallery"
    assert card.slug == slug
    assert card.title in text
    assert len(get_family(card.family).insights(card)) >= 2
    assert get_family(card.family).exploits


def test_cards_cover_domains_families_and_metrics(cards):
    assert len({known.title for known in cards.values()}) == len(cards) >= 12
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
        # one above the lowest, or half way: a value that any parameter may have
        params = {
            key: param.low + min(1.0, (param.high - param.low) / 2)
            for key, param in metric_params(metric).items()
        }
        assert get_metric(MetricSpec(name=metric, params=params)).form is form


def truth_columns(bundle, read) -> list[str]:
    """The columns of the answers beside the id and the part."""
    known = {bundle.brief.submission.id_column, "part"}
    return [column for column in read(bundle.private.answers) if column not in known]


def rows(table, columns, files) -> set[tuple]:
    """The rows of a table, with the content of a file where a cell names it."""
    cells = ([files.get(cell, cell) for cell in table[column]] for column in columns)
    return set(zip(*cells, strict=True))


def numbers_in(value) -> list[float]:
    """Every fraction below a value of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in numbers_in(item)]
    return [value] if isinstance(value, float) else []


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names
