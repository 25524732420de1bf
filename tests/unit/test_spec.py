"""Laws of the frozen models: nothing changes them, and a typo never passes."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sandmle_gym import spec
from sandmle_gym.spec import (
    MEDALS,
    Form,
    Frozen,
    Limits,
    MetricSpec,
    Milestones,
    Modality,
    SubmissionSchema,
    TaskBrief,
    TaskSpec,
)

SCHEMA = SubmissionSchema(id_column="id", columns=("y",), form=Form.VALUE, rows=3)
EXAMPLES = [
    MetricSpec(name="pinball", params={"quantile": 0.9}),
    SCHEMA,
    Limits(),
    Milestones(median=1, bronze=2, silver=3, gold=4, trivial=0, ceiling=5),
    TaskSpec(card="a-card", index=0, attempt=0, family="skill", knobs={"noise": 0.1}),
    TaskBrief(
        title="Parcels",
        card="a-card",
        index=3,
        family="skill",
        modality=Modality.TABULAR,
        domain="logistics",
        metric=MetricSpec(name="rmse"),
        submission=SCHEMA,
        train_rows=120,
    ),
]


def test_every_model_has_an_example():
    models = {
        value
        for value in vars(spec).values()
        if isinstance(value, type) and issubclass(value, Frozen) and value is not Frozen
    }
    assert {type(example) for example in EXAMPLES} == models


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
class TestModels:
    def test_a_model_is_the_same_after_json(self, example):
        assert type(example).model_validate_json(example.model_dump_json()) == example

    def test_a_model_cannot_be_changed(self, example):
        name = next(iter(type(example).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(example, name, getattr(example, name))

    def test_an_unknown_field_is_an_error_that_names_it(self, example):
        with pytest.raises(ValidationError, match="colour"):
            type(example).model_validate(example.model_dump() | {"colour": 1})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_milestone_is_infinite_or_undefined(value):
    with pytest.raises(ValidationError, match="finite"):
        Milestones(median=value, bronze=2, silver=3, gold=4, trivial=0, ceiling=5)


@pytest.mark.parametrize(
    "slug", ["Parcels", "parcel claims", "-x", "x-", "x--y", "1x", "", "../x", "é"]
)
def test_slugs_are_lower_case_words_joined_by_hyphens(slug):
    with pytest.raises(ValidationError, match="card"):
        TaskSpec(card=slug, index=0, attempt=0, family="f", knobs={})


@given(
    rows=st.integers(1, 5),
    columns=st.integers(1, 4),
    cell=st.sampled_from(["0.5", '"' * 64, "é" * 64, "😀" * 64, "," * 64]),
)
def test_no_file_of_the_right_shape_exceeds_the_size_cap(rows, columns, cell):
    names = tuple(f"c{n}" for n in range(columns))
    schema = SubmissionSchema(id_column="id", columns=names, form=Form.VALUE, rows=rows)
    text = io.StringIO()
    csv.writer(text).writerows([["id", *names], *[[cell] * (columns + 1)] * rows])
    assert len(text.getvalue().encode()) <= schema.max_bytes


def test_medals_rise_from_none_to_gold_by_the_names_of_the_milestones():
    assert MEDALS[0] == "none"
    assert set(MEDALS[1:]) < set(Milestones.model_fields)
