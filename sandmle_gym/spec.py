"""The frozen values that say what a task is, without holding any of its data."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
"""Lower-case words joined by hyphens."""


class Frozen(BaseModel):
    """Immutable, and an unknown key is an error: a typo in a card must never be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Modality(StrEnum):
    """What the data of a task is made of."""

    TABULAR = "tabular"
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    SERIES = "series"
    GRAPH = "graph"
    SEQUENCE = "sequence"
    RANKING = "ranking"
    MULTIMODAL = "multimodal"


class Split(StrEnum):
    """Which part of the suite a seed card serves; no card serves two."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Form(StrEnum):
    """What one row of a submission holds."""

    VALUE = "value"
    """One or more finite numbers."""
    PROBABILITY = "probability"
    """One or more numbers in [0, 1], each the probability of a positive outcome."""
    DISTRIBUTION = "distribution"
    """One non-negative number per class; rows that do not sum to 1 (within 1e-6) are rescaled."""
    LABEL = "label"
    """One of the known class labels."""
    RANKING = "ranking"
    """Items separated by spaces, best first."""
    TEXT = "text"
    """A text on one line; runs of white space count as one space, none at the ends."""
    LABELS = "labels"
    """Any number of the known class labels, separated by spaces, in any order; blank for none."""
    MASK = "mask"
    """A run-length encoded mask, "start length start length …" with rising starts; blank for no pixel.

    Pixels are counted from 1, down the first column, then down the second, and so on (as on Kaggle).
    """
    BOXES = "boxes"
    """Boxes separated by spaces, each "label score x y width height" (without label where the task has
    none), x and y its smaller corner, score from 0 to 1; blank for no box. In the truth the score is 1."""


class MetricSpec(Frozen):
    """A metric by its registered name, with its parameters (`{"k": 5}`, `{"quantile": 0.9}`)."""

    name: str
    params: dict[str, float] = Field(default_factory=dict)


class SubmissionSchema(Frozen):
    """The exact shape of a valid submission file; size caps follow from it before anything is parsed."""

    id_column: str
    columns: tuple[str, ...] = Field(min_length=1)
    """Prediction columns, in the order of the sample submission (any order is accepted)."""
    form: Form
    rows: int = Field(gt=0)
    labels: tuple[str, ...] = ()
    """Class labels for `label` and `distribution` (there, one per column, in column order)."""
    cell_chars: int = Field(default=64, gt=0)
    """Longest field accepted, in characters."""

    @property
    def max_bytes(self) -> int:
        """Largest file that is looked at: every field full, four bytes a character, both line ends."""
        return (self.rows + 1) * ((len(self.columns) + 1) * (4 * self.cell_chars + 3) + 2)


class Limits(Frozen):
    """What one episode may use; the sandbox's own limits are `sandbox.Resources`."""

    turns: int = Field(default=30, gt=0)
    """Actions per episode (the paper's T_max)."""
    step_seconds: float = Field(default=60.0, gt=0)
    """Wall time of one command."""
    episode_seconds: float = Field(default=1200.0, gt=0)
    """Wall time of all commands of the episode together (model time is not counted)."""
    output_chars: int = Field(default=8000, ge=200)
    """Characters of one observation; head and tail are kept."""
    score_calls: int = Field(default=5, ge=0)
    """How often `score` answers in one episode."""


class TaskBrief(Frozen):
    """The public facts of a task: everything a trainer or an agent may know without its files."""

    title: str
    card: Slug
    """The seed card (or data set) it was drawn from."""
    index: int = Field(ge=0)
    family: str
    modality: Modality
    domain: str
    metric: MetricSpec
    submission: SubmissionSchema
    train_rows: int = Field(gt=0)


class TaskSpec(Frozen):
    """The recipe: together with the code version it decides every byte of a task."""

    card: Slug
    index: int = Field(ge=0)
    attempt: int = Field(ge=0)
    """Position in the deterministic schedule of redraws after failed gates."""
    family: str
    knobs: dict[str, Any]
    """Choices of the family, in its own `Knobs` model."""


Medal = Literal["none", "median", "bronze", "silver", "gold"]
MEDALS: tuple[Medal, ...] = ("none", "median", "bronze", "silver", "gold")
"""Worst to best. `median` is not a medal on Kaggle; it is the first milestone of the paper."""


class Milestones(Frozen):
    """Scores, in units of the metric, that earn each tier (inclusive)."""

    median: float
    bronze: float
    silver: float
    gold: float
    trivial: float
    """Score of the best submission that looks at no feature."""
    ceiling: float
    """Score of the best possible predictor (Bayes), or of the best known one."""
