"""Assembles a task from the parts that a family has drawn: ids, files, answers, description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import Field

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART, Private, TaskBundle
from sandmle_gym.families.description import Statement, describe
from sandmle_gym.families.table import ColumnName, write_csv
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import (
    Form,
    Frozen,
    MetricSpec,
    Modality,
    SubmissionSchema,
    TaskBrief,
    TaskSpec,
)

Columns = Mapping[str, Sequence[str]]
"""Column name -> cells as text, in the order of the file."""


class Knobs(Frozen):
    """What decides a task of any family, words included, so that drawing it needs no card."""

    title: str
    domain: str
    modality: Modality
    story: str
    noun: str
    id_column: ColumnName
    metric: MetricSpec
    train_rows: int = Field(ge=50, le=200)
    public_rows: int = Field(ge=100)
    private_rows: int = Field(ge=1000)

    @property
    def rows(self) -> int:
        """Train and test rows together."""
        return self.train_rows + self.public_rows + self.private_rows


@dataclass(frozen=True)
class Drawn:
    """What a family hands over. No table holds the id column."""

    train: Columns
    """All columns of `train.csv`, the target too."""
    test: Columns
    truth: Columns
    """The truth of the test rows, as `Answers.read` takes it."""
    oracle: Columns
    """The best possible submission, or the best known one; its columns are those of a submission."""
    sample: Mapping[str, str]
    """One cell per column of a submission, repeated in every row of the sample."""
    statement: Statement
    witnesses: Mapping[str, str]
    labels: tuple[str, ...] = ()
    """Class labels, for the forms that have them."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Further public files: path -> content. A cell of a table that is such a path stands for the file."""
    cell_chars: int = 64
    """Longest field of a submission, in characters."""


def draw_ids(rows: int, *key: Label) -> list[str]:
    """Draw distinct ids that say nothing: eight hexadecimal digits, the first one a letter."""
    rng = stream(*key, "ids")
    ids: dict[str, None] = {}
    while len(ids) < rows:
        numbers = rng.randint(0xA0000000, 0xFFFFFFFF, size=rows, dtype=np.int64)
        ids |= dict.fromkeys(f"{number:x}" for number in numbers.tolist())
    return list(ids)[:rows]


def assemble(
    spec: TaskSpec, knobs: Knobs, form: Form, ids: Sequence[str], drawn: Drawn
) -> TaskBundle:
    """Put a task together; `ids` are those of all rows, train first."""
    brief = _brief(spec, knobs, form, drawn)
    train, tested = (
        {knobs.id_column: ids[rows]}
        for rows in (slice(knobs.train_rows), slice(knobs.train_rows, None))
    )
    count = brief.submission.rows
    tables = {
        "train.csv": {**train, **drawn.train},
        "test.csv": {**tested, **drawn.test},
        "sample_submission.csv": {
            **tested,
            **{column: [cell] * count for column, cell in drawn.sample.items()},
        },
    }
    parts = _parts(knobs, stream(spec.card, spec.index, spec.attempt, "parts"))
    return TaskBundle(
        brief=brief,
        public={
            "description.md": describe(brief, knobs.story, knobs.noun, drawn.statement).encode(),
            **{name: write_csv(table) for name, table in tables.items()},
            **drawn.files,
        },
        private=Private(
            answers=write_csv({**tested, "part": parts, **drawn.truth}),
            oracle=write_csv({**tested, **drawn.oracle}),
            witnesses=drawn.witnesses,
            spec=spec,
        ),
    )


def _brief(spec: TaskSpec, knobs: Knobs, form: Form, drawn: Drawn) -> TaskBrief:
    return TaskBrief(
        title=knobs.title,
        card=spec.card,
        index=spec.index,
        family=spec.family,
        modality=knobs.modality,
        domain=knobs.domain,
        metric=knobs.metric,
        submission=SubmissionSchema(
            id_column=knobs.id_column,
            columns=tuple(drawn.oracle),
            form=form,
            rows=knobs.public_rows + knobs.private_rows,
            labels=drawn.labels,
            cell_chars=drawn.cell_chars,
        ),
        train_rows=knobs.train_rows,
    )


def _parts(knobs: Knobs, rng: np.random.RandomState) -> list[str]:
    """Choose the test rows that `score` answers on."""
    count = knobs.public_rows + knobs.private_rows
    public = set(rng.permutation(count)[: knobs.public_rows].tolist())
    return [PUBLIC_PART if k in public else PRIVATE_PART for k in range(count)]
