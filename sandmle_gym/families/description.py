"""The task statement that agents read: what, why, every file and column, the metric, and hints.

It is honest but never states a rule, a noise level or a threshold. Hints are a practitioner's: sentences
on the card that point at the data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Form, TaskBrief

ROWS = {
    Form.VALUE: "a number",
    Form.PROBABILITY: "the probability, from 0 to 1, that the value is 1",
    Form.DISTRIBUTION: "one probability per class; each row is rescaled to sum to 1",
    Form.LABEL: "one of the labels {labels}",
    Form.RANKING: "up to {depth} labels separated by spaces, the most likely first",
    Form.TEXT: "a text on one line",
    Form.LABELS: "any of the labels {labels}, separated by spaces; blank for none",
    Form.MASK: "a run-length encoded mask, `start length start length …`: runs in rising order that do not "
    "overlap, pixels counted from 1, down the first column, then down the second, and so on; "
    "blank for no pixel",
    Form.BOXES: "boxes separated by spaces, each `{box}`, where x and y are the corner with the smallest "
    "coordinates and score is your confidence from 0 to 1; at most 100 boxes, blank for none",
}

SEVERAL = {
    Form.VALUE: "a number for each of these columns",
    Form.PROBABILITY: "for each of these columns the probability, from 0 to 1, that its value is 1",
}
"""The same for several columns."""
MANY = 6
"""Columns beyond which a sentence does not name all."""


@dataclass(frozen=True)
class Statement:
    """What a family says about a drawn task."""

    task: str
    """What to predict, in a sentence or two."""
    targets: tuple[str, ...]
    """The target columns of `train.csv`."""
    columns: Mapping[str, str]
    """Every column of the tables but the id -> what it means, with its unit."""
    hints: Sequence[str]
    """Remarks of a practitioner."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Every further file, or folder with a slash at its end -> what it holds."""
    heading: str = "Notes from the field"
    """Title of the hints."""


def describe(brief: TaskBrief, story: str, noun: str, statement: Statement) -> str:
    """Write `description.md`.

    Args:
        brief: The public facts of the task.
        story: What the data are and who needs the prediction.
        noun: What one row is, in the plural.
        statement: What the family says about it.
    """
    sections = [
        f"# {brief.title}\n\n{story.strip()}",
        f"## Task\n\n{statement.task}",
        _files(brief, noun, statement),
        _columns(brief, statement),
        f"## {statement.heading}\n\n" + "\n".join(f"* {hint}" for hint in statement.hints),
        _evaluation(brief),
        _submission(brief),
    ]
    return "\n\n".join(sections) + "\n"


def named(columns: Sequence[str]) -> str:
    """List columns in a sentence; of many only the ends, for the table of columns has them all."""
    quoted = [f"`{name}`" for name in columns]
    if len(quoted) > MANY:
        return f"{quoted[0]}, {quoted[1]}, …, {quoted[-1]} ({len(quoted)} columns)"
    return ", ".join(quoted)


def _files(brief: TaskBrief, noun: str, statement: Statement) -> str:
    targets = named(statement.targets)
    further = "".join(f"* `{name}`: {about}.\n" for name, about in statement.files.items())
    return (
        "## Files\n\n"
        f"* `train.csv`: {brief.train_rows} {noun} with the target {targets}.\n"
        f"* `test.csv`: {brief.submission.rows} {noun} without it.\n"
        f"{further}"
        "* `sample_submission.csv`: a valid submission with placeholder predictions.\n"
        "* `description.md`: this text."
    )


def _columns(brief: TaskBrief, statement: Statement) -> str:
    lines = [f"| `{brief.submission.id_column}` | identifier of the row, without meaning |"]
    lines += [f"| `{name}` | {about} |" for name, about in statement.columns.items()]
    return "## Columns\n\n| column | meaning |\n| --- | --- |\n" + "\n".join(lines)


def _evaluation(brief: TaskBrief) -> str:
    metric = get_metric(brief.metric)
    better = "Higher" if metric.greater_is_better else "Lower"
    positive = ""
    if brief.metric.name in ("f1_binary", "f_beta"):
        positive = f" The second class is `{brief.submission.labels[1]}`."
    return (
        f"## Evaluation\n\nSubmissions are scored by **{metric.title}**: "
        f"{metric.description}{positive} {better} is better."
    )


def _submission(brief: TaskBrief) -> str:
    schema = brief.submission
    rows = ROWS if len(schema.columns) == 1 else ROWS | SEVERAL
    if schema.form is Form.RANKING and "k" not in brief.metric.params:
        rows = ROWS | {Form.RANKING: "all of its items separated by spaces, in order"}
    row = rows[schema.form].format(
        labels=", ".join(f"`{label}`" for label in schema.labels),
        depth=int(brief.metric.params.get("k", 0)),
        box="label score x y width height" if schema.labels else "score x y width height",
    )
    header = ",".join((schema.id_column, *schema.columns))
    return (
        "## Submission\n\n"
        f"Write `submission.csv` with the header `{header}` and exactly one line for every "
        f"`{schema.id_column}` of `test.csv`, in any order; besides the id a line holds {row}."
    )
