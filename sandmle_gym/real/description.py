"""Write the statement of a real task from its data: what is there, what is asked, how it is scored."""

from collections.abc import Iterable

from sandmle_gym.metrics import get_metric
from sandmle_gym.real.columns import Column
from sandmle_gym.real.target import Target
from sandmle_gym.spec import Form, TaskBrief


def describe_task(brief: TaskBrief, goal: Target, columns: Iterable[Column], dropped: int) -> str:
    """Return `description.md`."""
    metric, schema = get_metric(brief.metric), brief.submission
    better = "higher" if metric.greater_is_better else "lower"
    left_out = f" {dropped} rows without a value of it were left out." if dropped else ""
    sections = [
        f"# {brief.title}",
        f"Predict `{goal.column}` for every row of `test.csv`.{left_out}",
        "## Files",
        f"- `train.csv`: {brief.train_rows} rows with `{goal.column}`\n"
        f"- `test.csv`: {schema.rows} rows without it\n"
        "- `sample_submission.csv`: the format to submit, with a guess that uses no feature",
        "## Columns",
        f"`{schema.id_column}` names a row and means nothing else. Features:",
        _table(columns),
        _target(goal),
        "## Submission",
        f"Write `submission.csv` with the columns {_listed([schema.id_column, *schema.columns])} and "
        f"one row per row of `test.csv`, in any order. {_CELLS[schema.form]}",
        "## Evaluation",
        f"{metric.title}: {metric.description} A {better} score is better.",
    ]
    return "\n\n".join(sections) + "\n"


_CELLS = {
    Form.VALUE: "The prediction is a number.",
    Form.PROBABILITY: "The prediction is a probability from 0 to 1.",
    Form.DISTRIBUTION: "Each prediction column holds the probability of its class; "
    "rows are rescaled to sum to 1.",
    Form.LABEL: "The prediction is one of the classes.",
}


def _table(columns: Iterable[Column]) -> str:
    lines = ["| column | kind | holds | missing |", "| --- | --- | --- | --- |"]
    for column in columns:
        holds = column.holds.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{column.name}` | {column.kind} | {holds} | {column.missing:.0%} |")
    return "\n".join(lines)


def _target(goal: Target) -> str:
    if goal.form is Form.VALUE:
        return f"`{goal.column}` is a number."
    text = f"`{goal.column}` is one of {_listed(goal.labels)}."
    if len(goal.labels) == 2:
        text += f" The positive class is `{goal.labels[1]}`."
    return text


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
