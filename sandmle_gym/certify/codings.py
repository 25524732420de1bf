"""Which coding serves which form of submission."""

from sandmle_gym.certify.known import Boxes, Masks, Texts
from sandmle_gym.certify.targets import (
    Coding,
    Labels,
    LabelSets,
    Numbers,
    OwnItems,
    Rankings,
    Shares,
)
from sandmle_gym.grading import Answers
from sandmle_gym.spec import Form

_KINDS: dict[Form, type[Coding]] = {
    Form.VALUE: Numbers,
    Form.PROBABILITY: Numbers,
    Form.DISTRIBUTION: Shares,
    Form.LABEL: Labels,
    Form.RANKING: Rankings,
    Form.TEXT: Texts,
    Form.LABELS: LabelSets,
    Form.MASK: Masks,
    Form.BOXES: Boxes,
}


def coding_of(answers: Answers) -> Coding:
    """Return the coding of a task."""
    ordered = answers.schema.form is Form.RANKING and "k" not in answers.metric.params
    own = ordered or answers.metric.graded
    return (OwnItems if own else _KINDS[answers.schema.form])(answers)
