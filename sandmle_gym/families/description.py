"""The task statement that agents read: what, why, every file and column, the metric, and hints.

It is honest but never states a rule, a noise level or a threshold. Hints are a practitioner's: on the
card, each unit and trap carries sentences that point at the data, and one of them is used.
"""

from collections.abc import Sequence

import numpy as np

from sandmle_gym.families.knobs import Knobs
from sandmle_gym.families.table import Text
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Form, TaskBrief

OPENINGS = (
    "Predict `{target}` ({about}) for each of the {test_rows} {noun} in `test.csv`.",
    "Your job: for all {test_rows} {noun} in `test.csv`, predict `{target}`, {about}.",
    "For the {test_rows} {noun} of `test.csv` the column `{target}` ({about}) is unknown; predict it.",
)
HISTORIES = (
    "Only {train_rows} labelled {noun} are available for training, so every bit of care counts.",
    "There are {train_rows} labelled {noun} to learn from.",
    "The labelled history is small: {train_rows} {noun}.",
)
NOTES = ("Notes from the field", "What practitioners say", "Remarks on the data")
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


def describe(
    brief: TaskBrief,
    knobs: Knobs,
    legend: str,
    columns: Sequence[str],
    rng: np.random.RandomState,
) -> str:
    """Write `description.md`.

    Args:
        brief: The public facts of the task.
        knobs: Its knobs, for the words.
        legend: What the values of the target stand for; may be empty.
        columns: Feature columns in the order of the files.
        rng: Decides the wording.
    """
    facts = {
        "target": knobs.target.name,
        "about": knobs.target.about,
        "noun": knobs.noun,
        "train_rows": knobs.train_rows,
        "test_rows": brief.submission.rows,
    }
    sections = [
        f"# {knobs.title}\n\n{knobs.story.strip()}",
        "## Task\n\n"
        + " ".join(_one(rng, lines).format(**facts) for lines in (OPENINGS, HISTORIES)),
        _files(brief, knobs),
        _columns(knobs, legend, columns),
        f"## {_one(rng, NOTES)}\n\n" + "\n".join(f"* {hint}" for hint in _hints(knobs, rng)),
        _evaluation(brief),
        _submission(brief, knobs),
    ]
    return "\n\n".join(sections) + "\n"


def _one(rng: np.random.RandomState, choices: Sequence[str]) -> str:
    return choices[rng.randint(len(choices))]


def _hints(knobs: Knobs, rng: np.random.RandomState) -> list[str]:
    """One hint of each unit and trap (and of blocks that have any), in random order."""
    parts = (*knobs.units, *knobs.traps, *knobs.blocks)
    hints = [_one(rng, part.hints) for part in parts if part.hints]
    return [hints[k] for k in rng.permutation(len(hints))]


def _files(brief: TaskBrief, knobs: Knobs) -> str:
    return (
        "## Files\n\n"
        f"* `train.csv`: {brief.train_rows} {knobs.noun} with the target `{knobs.target.name}`.\n"
        f"* `test.csv`: {brief.submission.rows} {knobs.noun} without it.\n"
        "* `sample_submission.csv`: a valid submission with placeholder predictions.\n"
        "* `description.md`: this text."
    )


def _columns(knobs: Knobs, legend: str, columns: Sequence[str]) -> str:
    parts = (*knobs.units, *knobs.blocks, *knobs.traps)
    texts: tuple[Text, ...] = (
        *knobs.linear,
        *knobs.distractors,
        *(column for part in parts for column in part.columns),
    )
    about = {text.name: text.about for text in texts}
    lines = [f"| `{knobs.id_column}` | identifier of the row, without meaning |"]
    lines += [f"| `{name}` | {about[name]} |" for name in columns]
    lines.append(f"| `{knobs.target.name}` | {knobs.target.about}{legend} (train only) |")
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


def _submission(brief: TaskBrief, knobs: Knobs) -> str:
    schema = brief.submission
    rows = ROWS if len(schema.columns) == 1 else ROWS | SEVERAL
    if schema.form is Form.RANKING and "k" not in knobs.metric.params:
        rows = ROWS | {Form.RANKING: "all of its items separated by spaces, in order"}
    row = rows[schema.form].format(
        labels=", ".join(f"`{label}`" for label in schema.labels),
        depth=int(knobs.metric.params.get("k", 0)),
        box="label score x y width height" if schema.labels else "score x y width height",
    )
    header = ",".join((schema.id_column, *schema.columns))
    return (
        "## Submission\n\n"
        f"Write `submission.csv` with the header `{header}` and exactly one line for every "
        f"`{schema.id_column}` of `test.csv`, in any order; besides the id a line holds {row}."
    )
