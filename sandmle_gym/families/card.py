"""Seed cards: what a task is about, in the words of a domain, and how far its knobs may range.

Every card has the fields of `SeedCard`; a family adds its own in a subclass.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from sandmle_gym.errors import CardError, UserError
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.table import ColumnName
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
    """How far the numeric knobs of a card range; families add their own."""

    train_rows: RowRange = (130, 190)


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
    ranges: Any = Ranges()
    """How far the numeric knobs range; a family declares its own subclass of `Ranges`."""
    history: tuple[str, ...] = Field(default=("1: first version",), min_length=1)
    """What changed in each version of the card, for people."""

    @field_validator("family")
    @classmethod
    def _known_family(cls, name: str) -> str:
        get_family(name)
        return name

    @model_validator(mode="after")
    def _fitting_metrics(self) -> Self:
        family = get_family(self.family)
        if not self.family.startswith(f"{self.modality}_"):
            raise ValueError(f"the family {self.family} does not make {self.modality} tasks")
        for place, metric in enumerate(self.metrics):
            try:
                get_metric(metric)
                family.form(metric)
            except UserError as error:
                raise ValueError(f"metrics.{place}: {error}") from error
        return self


def load_card(path: Path) -> SeedCard:
    """Read a `seed.toml`.

    Raises:
        CardError: It is unreadable, a field is unknown, missing or out of range, or the fields do not
            fit together; the message names the file and the field.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _family_card(content).model_validate(content)
    except ValidationError as error:
        raise CardError(f"{path}: {_listed(error)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UserError) as error:
        raise CardError(f"{path}: {error}") from error


def _family_card(content: dict[str, Any]) -> type[SeedCard]:
    try:
        return get_family(str(content["family"])).card
    except KeyError:
        raise UserError("family: Field required") from None
    except UserError as error:
        raise UserError(f"family: {error}") from error


def _listed(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, item["loc"])) or "the card"
        problems.append(f"{place}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)
