"""Kinds: creatures of many kinds that differ by degrees in colour, shape and stripes."""

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.image.budget import DIGITS, Role
from sandmle_gym.families.image.canvas import developed
from sandmle_gym.families.image.card import ImageCard, ImageKnobs
from sandmle_gym.families.image.creatures import GENES, creatures
from sandmle_gym.families.image.family import Imagined, PictureFamily
from sandmle_gym.families.image.outcomes import classes
from sandmle_gym.families.image.witness import Tier
from sandmle_gym.families.table import Text
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular_multiclass import ClassName
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form


class Kinds(Text):
    """The target: the name of a kind."""

    classes: Annotated[tuple[ClassName, ...], Field(min_length=8, max_length=12)]


class KindsCard(ImageCard):
    """A card of creatures; its colours are the fur's at both ends, and the ground's."""

    target: Kinds


class KindsKnobs(ImageKnobs):
    """Many kinds; `noise` is the standard deviation of a gene within a kind, over a range of 2."""

    target: Kinds


MEASURES = {
    "coat": "coat_colour(pictures, trunk)",
    "girth": "trunk_proportion(trunk)",
    "bars": "stripe_pitch(light, trunk)",
    "ears": "narrow[:, :2]",
    "tail": "narrow[:, 2:]",
}


class ImageKinds(PictureFamily):
    """Genes are normal around the means of a kind, so the posterior given all genes is exact."""

    name = "image_kinds"
    metrics: ClassVar = {
        "log_loss_multiclass": Form.DISTRIBUTION,
        **dict.fromkeys(("accuracy", "f1_macro"), Form.LABEL),
        "map_at_k": Form.RANKING,
    }
    card = KindsCard
    knobs = KindsKnobs
    trains = "Cut out an object, measure its parts, and tell many kinds apart from a dozen examples each."
    factors = GENES

    def settle(self, target: Kinds, rng: np.random.RandomState) -> Kinds:
        """Put the kinds in the order in which they are drawn."""
        order = rng.permutation(len(target.classes))
        return target.model_copy(update={"classes": tuple(target.classes[k] for k in order)})

    def roles(self, card: KindsCard, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Let any pipeline see the coat; what is noticed next is chance."""
        del card
        hidden = [("bars", "ears", "tail", "girth")[k] for k in rng.permutation(4)]
        return {"kind": {"coat": "plain", **dict.fromkeys(hidden, "insight")}}

    def imagine(self, knobs: KindsKnobs, key: tuple[Label, ...]) -> Imagined:
        """Draw kinds, then the genes of every creature around those of its kind."""
        kinds = knobs.target.classes
        count = len(kinds)
        drawn = stream(*key, "kinds").randint(count, size=knobs.rows)
        genes: dict[str, np.ndarray] = {}
        evidence = np.zeros((knobs.rows, count))
        for name in GENES:
            rng = stream(*key, "gene", name)
            means = np.linspace(-0.85, 0.85, count)[rng.permutation(count)]
            means = np.round(means + rng.uniform(-0.1, 0.1, size=count), DIGITS)
            values = np.round(means[drawn] + knobs.noise * rng.normal(size=knobs.rows), DIGITS)
            genes[name] = values
            evidence -= (values[:, None] - means) ** 2 / (2 * knobs.noise**2)
        mass = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        posterior = np.round(mass / mass.sum(axis=1, keepdims=True), DIGITS)
        form = self.form(knobs.metric)
        asked = classes(knobs.target.name, kinds, knobs.metric, form, posterior, drawn)
        decide = fits.decide_classes(knobs.target.name, knobs.metric, form)
        exact = f"oof, new = normal_classes(features, target, {count})\n{decide}"
        light = creatures(genes, knobs.side, np.array(knobs.colours), stream(*key, "scene"))
        latent = (drawn - (count - 1) / 2) * 2 / count
        return Imagined(developed(light), replace(asked, exact=exact), latent)

    def tiers(self, knobs: KindsKnobs) -> dict[str, Tier]:
        """Look at the picture, then at the creature's parts, one, all, and nothing else."""
        known = "features = standard_columns(generic_columns(pictures))\n"
        cut = (
            "light = grey_light(pictures)\n"
            "mask = object_mask(light)\n"
            "trunk = trunk_mask(mask)\n"
            "narrow = limb_areas(mask, trunk)\n"
        )
        hidden = [part.factor for part in knobs.parts["kind"] if part.role == "insight"]
        add = "features = np.column_stack([features, 2 * standard_columns([{}])])\n"
        some, more = (", ".join(MEASURES[name] for name in names) for names in (hidden[:2], hidden))
        every = ", ".join(MEASURES.values())
        return {
            "competent": Tier(known),
            "insight": Tier(known + cut + add.format(some)),
            "insights": Tier(known + cut + add.format(more)),
            "expert": Tier(f"{cut}features = standard_columns([{every}])\n", exact=True),
        }

    def legend(self, knobs: KindsKnobs) -> dict[str, str]:
        """Name the kinds in alphabetical order."""
        target = knobs.target
        names = ", ".join(f"`{name}`" for name in sorted(target.classes))
        return {target.name: f"{target.about}: {names}"}


FAMILY = ImageKinds()
