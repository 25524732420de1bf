"""Families of pictures whose target has two values: the hidden number lies above a cut, or not."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.image.budget import Latent
from sandmle_gym.families.image.card import ImageCard, ImageKnobs, Outcome
from sandmle_gym.families.image.family import FactorFamily
from sandmle_gym.families.image.outcomes import Asked, binary, settled
from sandmle_gym.spec import Form


class Cut(Outcome):
    """The target in the knobs."""

    cuts: Annotated[tuple[float, ...], Field(min_length=1, max_length=1)]


class BinaryCard(ImageCard):
    """A card of two outcomes."""

    target: Outcome


class BinaryKnobs(ImageKnobs):
    """Two outcomes and their cut."""

    target: Cut


class BinaryPictures(FactorFamily):
    """The target is 0 or 1 where probabilities are asked for, and a word where labels are."""

    metrics: ClassVar = {
        **dict.fromkeys(("roc_auc", "average_precision", "log_loss", "brier"), Form.PROBABILITY),
        **dict.fromkeys(("f1_binary", "mcc", "balanced_accuracy"), Form.LABEL),
    }
    card = BinaryCard
    knobs = BinaryKnobs

    def settle(self, target: Outcome, rng: np.random.RandomState) -> Cut:
        """Choose the rate."""
        return Cut.model_validate({**target.model_dump(), "cuts": settled(target, rng)})

    def ask(self, knobs: BinaryKnobs, latents: Mapping[str, Latent]) -> Asked:
        """Cut the hidden number."""
        form = self.form(knobs.metric)
        return binary(knobs.target, knobs.target.cuts[0], knobs.metric, form, latents["latent"])

    def legend(self, knobs: BinaryKnobs) -> dict[str, str]:
        """Name both values, the positive one last."""
        target = knobs.target
        if self.form(knobs.metric) is Form.PROBABILITY:
            values = f"0 = {target.negative}, 1 = {target.positive}"
        else:
            values = f"`{target.negative}` or `{target.positive}`"
        return {target.name: f"{target.about}: {values}"}
