"""The values that grading returns: a `Grade`, or the named `Problem` that stands in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sandmle_gym.metrics import Metric
from sandmle_gym.spec import MEDALS, Medal, Milestones

Code = Literal[
    # the file as such
    "missing",
    "not_regular",
    "unreadable",
    "dead",
    "too_large",
    "empty",
    "not_text",
    "not_csv",
    "ragged",
    "field_too_long",
    # its header
    "missing_columns",
    "unknown_columns",
    "repeated_columns",
    # its ids
    "duplicate_ids",
    "unknown_ids",
    "missing_ids",
    # its cells
    "not_a_number",
    "not_finite",
    "out_of_range",
    "bad_distribution",
    "unknown_label",
    "bad_ranking",
    "blank_text",
    "bad_labels",
    "bad_mask",
    "bad_boxes",
    # its score
    "score_not_finite",
    "too_expensive",
]
"""Stable names of everything that makes a submission invalid."""


@dataclass(frozen=True)
class Problem:
    """Why a submission has no score."""

    code: Code
    message: str
    """One sentence that tells the agent what is wrong and what is wanted."""


@dataclass(frozen=True)
class Grade:
    """What a submission is worth. An invalid one has no score, no medal and a problem."""

    valid: bool
    score: float | None
    """In units of the metric; None for an invalid file, and for a check of the format only."""
    medal: Medal
    problem: Code | None
    message: str
    """One sentence for the agent."""
    standard_error: float | None = None
    """Bootstrap standard error of the score on the rows graded, where it was asked for."""

    @classmethod
    def refused(cls, problem: Problem) -> "Grade":
        """The grade of a submission that has this problem."""
        return cls(False, None, "none", problem.code, problem.message)


def medal_of(score: float, metric: Metric, milestones: Milestones) -> Medal:
    """The best tier whose milestone the score reaches; equality earns it (as in MLE-bench)."""
    for medal in reversed(MEDALS[1:]):
        if metric.signed(score) >= metric.signed(getattr(milestones, medal)):
            return medal
    return "none"


def shown(text: str, width: int = 40) -> str:
    """Quote a piece of a file for a message: escaped, on one line, cut to a width."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")


def listed(texts: Sequence[str], limit: int = 3) -> str:
    """Quote the first few of many."""
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(shown(text) for text in texts[:limit]) + more
