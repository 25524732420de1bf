"""Scores agree with MLE-bench's own graders, on cases that may lie beside a working copy of this project."""

import csv
import io
import json
from pathlib import Path

import pytest

from sandmle_gym.grading import Answers, Scored
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Form, MetricSpec, SubmissionSchema, TaskBrief

PLACE = Path("shared/cases/mle-bench")
HOME = next((top / PLACE for top in Path(__file__).parents if (top / PLACE).is_dir()), None)
pytestmark = pytest.mark.skipif(HOME is None, reason=f"{PLACE} is not here")

COMPETITIONS = {
    "aptos2019-blindness-detection": ("qwk", ("0", "1", "2", "3", "4")),
    "denoising-dirty-documents": ("rmse", ()),
    "leaf-classification": ("log_loss_multiclass", ()),
    "nomad2018-predict-transparent-conductors": ("rmsle_columns", ()),
    "playground-series-s3e18": ("roc_auc_columns", ()),
    "spaceship-titanic": ("accuracy", ("False", "True")),
    "us-patent-phrase-to-phrase-matching": ("pearson", ()),
}
SCORED_BY_POSITION = {
    "nomad2018-predict-transparent-conductors": ("m_shuffled_rows", "m_rows_reversed")
}
"""Their grader ignores the ids there; ours does not."""


@pytest.mark.parametrize("name", COMPETITIONS)
def test_wherever_both_give_a_score_it_is_the_same(name):
    index = json.loads((HOME / "index.json").read_text())
    facts = next(item for item in index["competitions"] if item["competition_id"] == name)
    answers, agreed = read_answers(name, facts), []
    for case in index["cases"]:
        if case["competition_id"] != name or not isinstance(case["expected"], float):
            continue
        ours = answers.align((HOME / case["submission"]).read_bytes())
        if isinstance(ours, Scored) and case["case"] not in SCORED_BY_POSITION.get(name, ()):
            assert ours.score() == pytest.approx(case["expected"], abs=1e-5), case["case"]
            agreed.append(case["case"])
    assert "perfect" in agreed
    assert len(agreed) >= 2


def read_answers(name, facts) -> Answers:
    """Their answers in our layout."""
    metric, labels = COMPETITIONS[name]
    key, columns = facts["id_column"], tuple(facts["target_columns"])
    form = get_metric(MetricSpec(name=metric)).form
    rows = list(csv.DictReader(io.StringIO((HOME / facts["answers"]).read_text())))
    if form is Form.DISTRIBUTION:
        labels, truth = columns, ("label",)
        for row in rows:
            row["label"] = next(column for column in columns if float(row[column]) == 1)
    else:
        truth = columns
    cells = [[row[key], "private", *(row[column] for column in truth)] for row in rows]
    text = io.StringIO()
    csv.writer(text).writerows([[key, "part", *truth], *cells])
    schema = SubmissionSchema(
        id_column=key, columns=columns, form=form, rows=len(rows), labels=labels
    )
    brief = TaskBrief(
        title=name,
        card="a-card",
        index=0,
        family="made-up",
        modality="tabular",
        domain="testing",
        metric=MetricSpec(name=metric),
        submission=schema,
        train_rows=1,
    )
    return Answers.read(brief, text.getvalue().encode())
