"""Seed cards: what a task is about, in the words of a domain, and how far its knobs may range."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sandmle_gym.errors import CardError, UserError
from sandmle_gym.families.blocks import AnyBlock
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.table import Category, ColumnName, Quantity, Text
from sandmle_gym.families.traps import AnyTrap, Slips
from sandmle_gym.families.units import AnyUnit
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import Frozen, MetricSpec, Modality, Slug, Split


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"the range runs from {bounds[0]} down to {bounds[1]}; swap its ends")
    return bounds


Share = Annotated[float, Field(gt=0, lt=1)]
ShareRange = Annotated[tuple[Share, Share], AfterValidator(_ascending)]
Rows = Annotated[int, Field(ge=50, le=200)]
RowRange = Annotated[tuple[Rows, Rows], AfterValidator(_ascending)]


def _by_name(metric: Any) -> Any:
    return {"name": metric} if isinstance(metric, str) else metric


Metric = Annotated[MetricSpec, BeforeValidator(_by_name)]
"""A metric, in a card also by its bare name."""


class Ranges(Frozen):
    """How far the numeric knobs of a card range. Shares are shares of the variance of the signal."""

    train_rows: RowRange = (130, 190)
    noise: ShareRange = (0.04, 0.08)
    """Share of the variance of the latent that nothing explains."""
    linear: ShareRange = (0.22, 0.30)
    """Share that any linear model finds."""
    insight: ShareRange = (0.48, 0.58)
    """Share that needs engineered features; the rest is for generic non-linear models."""
    trap: float = Field(default=0.6, ge=0, le=1)
    """Probability of a trap in a task."""

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        if self.linear[1] + self.insight[1] > 0.95:
            raise ValueError(
                f"linear (up to {self.linear[1]}) and insight (up to {self.insight[1]}) leave less "
                "than 0.05 for the non-linear blocks"
            )
        return self


class SeedCard(Frozen):
    """One kind of task: its words, and the ranges that `derive` draws from."""

    slug: Slug
    title: str = Field(min_length=4, max_length=80)
    family: str
    split: Split
    domain: str
    modality: Modality
    story: str = Field(min_length=80, max_length=900)
    """What the data are and who needs the prediction, in a few sentences."""
    noun: str
    """What one row is, in the plural: "greenhouse bays"."""
    id_column: ColumnName
    metrics: tuple[Metric, ...] = Field(min_length=1)
    target: SerializeAsAny[Text]
    """The target column; families add what they need, such as the names of classes."""
    ranges: Ranges = Ranges()
    linear: tuple[Quantity, ...] = Field(min_length=2)
    blocks: tuple[AnyBlock, ...] = Field(min_length=1)
    units: tuple[AnyUnit, ...] = Field(min_length=2)
    distractors: tuple[Quantity | Category, ...] = Field(min_length=2)
    traps: tuple[AnyTrap, ...] = ()

    @field_validator("family")
    @classmethod
    def _known_family(cls, name: str) -> str:
        get_family(name)
        return name

    @field_validator("metrics")
    @classmethod
    def _fitting_metrics(
        cls, metrics: tuple[MetricSpec, ...], info: ValidationInfo
    ) -> tuple[MetricSpec, ...]:
        if "family" in info.data:
            family = get_family(info.data["family"])
            for metric in metrics:
                get_metric(metric)
                family.form(metric)
        return metrics

    @field_validator("target", mode="before")
    @classmethod
    def _target_of_family(cls, value: Any, info: ValidationInfo) -> Any:
        if "family" not in info.data or not isinstance(value, dict):
            return value
        return get_family(info.data["family"]).card_target.model_validate(value)

    @field_validator("blocks")
    @classmethod
    def _some_curve(cls, blocks: tuple[AnyBlock, ...]) -> tuple[AnyBlock, ...]:
        if not any(block.curved for block in blocks):
            raise ValueError("one block at least must be curved, or the expert has nothing to know")
        return blocks

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = (*self.blocks, *self.units, *self.traps)
        texts = (
            self.target,
            *self.linear,
            *self.distractors,
            *(c for p in parts for c in p.columns),
        )
        names = [self.id_column, *(text.name for text in texts)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"column names are used twice: {', '.join(twice)}")
        numbers = {quantity.name for quantity in self.linear}
        for trap in self.traps:
            if isinstance(trap, Slips) and trap.column not in numbers:
                raise ValueError(f"the trap slips names {trap.column!r}, which is no linear column")
        get_family(self.family).check_card(self)
        return self


def load_card(path: Path) -> SeedCard:
    """Read a `seed.toml`.

    Raises:
        CardError: It is unreadable, a field is unknown, missing or out of range, or the fields do not
            fit together; the message names the file and the field.
    """
    try:
        return SeedCard.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise CardError(f"{path}: {_listed(error)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UserError) as error:
        raise CardError(f"{path}: {error}") from error


def _listed(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, item["loc"])) or "the card"
        problems.append(f"{place}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)
