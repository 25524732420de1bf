"""The cards of tabular families: columns, blocks, units and traps, and the shares of the skill budget."""

from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.table import Category, Quantity, Text
from sandmle_gym.families.tabular.blocks import AnyBlock
from sandmle_gym.families.tabular.traps import AnyTrap, Slips
from sandmle_gym.families.tabular.units import AnyUnit

if TYPE_CHECKING:
    from sandmle_gym.families.tabular.family import TabularFamily


class Shares(Ranges):
    """How far the numeric knobs of a card range. Shares are shares of the variance of the signal."""

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


class TabularCard(SeedCard):
    """A card of any tabular family."""

    target: SerializeAsAny[Text]
    """The target column; families add what they need, such as the names of classes."""
    ranges: Shares = Shares()
    linear: tuple[Quantity, ...] = Field(min_length=2)
    blocks: tuple[AnyBlock, ...] = Field(min_length=1)
    units: tuple[AnyUnit, ...] = Field(min_length=2)
    distractors: tuple[Quantity | Category, ...] = Field(min_length=2)
    traps: tuple[AnyTrap, ...] = ()

    @field_validator("target", mode="before")
    @classmethod
    def _target_of_family(cls, value: Any, info: ValidationInfo) -> Any:
        if "family" not in info.data or not isinstance(value, dict):
            return value
        return _family(info.data["family"]).card_target.model_validate(value)

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
            *(c for p in parts for side in p.sides for c in side.columns),
        )
        names = [self.id_column, *(text.name for text in texts)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"column names are used twice: {', '.join(twice)}")
        numbers = {quantity.name for quantity in self.linear}
        for trap in self.traps:
            if isinstance(trap, Slips) and trap.column not in numbers:
                raise ValueError(f"the trap slips names {trap.column!r}, which is no linear column")
        _family(self.family).check_card(self)
        return self


def _family(name: str) -> "TabularFamily":
    return cast("TabularFamily", get_family(name))
