"""Segmentation: the pixels of one patch on uneven ground, as run lengths.

The oracle is the true mask. No program can reach it, for the noise hides the edge: it is an upper bound.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.image.blobs import draw_patches, run_lengths
from sandmle_gym.families.image.canvas import as_files
from sandmle_gym.families.image.card import PRIVATE_ROWS, PUBLIC_ROWS
from sandmle_gym.families.image.witness import LOAD
from sandmle_gym.families.table import About, Text
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label
from sandmle_gym.spec import Form, Frozen


class MaskHints(Frozen):
    """A practitioner's remarks."""

    ground: Hints
    specks: Hints
    hollow: Hints
    outline: Hints


class MaskRanges(Ranges):
    """How far the knobs range."""

    contrast: ShareRange = (0.38, 0.46)
    """Logarithm of the light of a patch over that of its ground, but for the sign."""
    noise: ShareRange = (0.04, 0.05)
    """Standard deviation of the light of a pixel."""
    unevenness: ShareRange = (0.65, 0.8)
    """How much the logarithm of the light of the ground varies over a picture."""


class MaskCard(SeedCard):
    """A card of this family; the metrics say how large the pictures are."""

    target: Text
    picture: About
    dark: bool
    """Whether patches are darker than the ground."""
    ranges: MaskRanges = MaskRanges()
    hints: MaskHints

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        sides = {side for metric in self.metrics for side in metric.params.values()}
        if len(sides) != 1 or not 24 <= min(sides) <= 64:
            raise ValueError("metrics: height and width must be the same in all, from 24 to 64")
        return self


class MaskKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    picture: About
    side: int = Field(ge=24, le=64)
    contrast: float
    noise: float
    unevenness: float
    hints: MaskHints


class ImageMask(Family):
    """The target is a mask."""

    name = "image_mask"
    metrics: ClassVar = dict.fromkeys(("dice", "iou", "precision_over_iou"), Form.MASK)
    card = MaskCard
    knobs = MaskKnobs
    trains = (
        "Segment by what stands out from its surroundings: undo uneven light first, and clean a mask up "
        "by what is known of its form."
    )
    exploits = (
        "The pixels that are often set, the same for every picture, are the trivial witness.",
        "All files have the same size; their names are drawn at random.",
    )

    def derive(self, card: MaskCard, rng: np.random.RandomState, attempt: int) -> MaskKnobs:
        """Set light and noise; later attempts have a tenth less noise each."""
        drawn = {
            name: round(low + (high - low) * rng.random_sample(), 4)
            for name, (low, high) in card.ranges
            if name != "train_rows"
        }
        return MaskKnobs.model_validate(
            {
                **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
                **{name: getattr(card, name) for name in ("target", "picture", "hints")},
                **drawn,
                "contrast": -drawn["contrast"] if card.dark else drawn["contrast"],
                "noise": round(drawn["noise"] * 0.9**attempt, 5),
                "side": int(card.metrics[0].params["height"]),
            }
        )

    def insights(self, card: MaskCard) -> Sequence[Insight]:
        """Name what is hidden."""
        del card
        return (
            Insight(
                "pictures", "ground", "only the light relative to the ground nearby tells the patch"
            ),
            Insight(
                "pictures", "specks", "small marks do not belong to the patch, which is one piece"
            ),
            Insight("pictures", "hollow", "the patch may look hollow; the hollow belongs to it"),
            Insight("pictures", "outline", "the outline of every patch is an ellipse"),
        )

    def compose(self, knobs: MaskKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the pictures and their masks."""
        drawn = draw_patches(
            len(ids), knobs.side, knobs.contrast, knobs.noise, knobs.unevenness, *key
        )
        target = knobs.target.name
        names = [f"images/{name}.png" for name in ids]
        columns = {"image": names, target: list(map(run_lengths, drawn.masks))}
        train, test = split_rows(columns, knobs.train_rows)
        truth = {target: test.pop(target)}
        about = f"{knobs.target.about}; run lengths as in a submission"
        return Drawn(
            train=train,
            test=test,
            truth=truth,
            oracle=truth,
            sample={target: "1 1"},
            cell_chars=40 * knobs.side,
            files=as_files(drawn.pictures, names),
            statement=Statement(
                task=f"Mark `{target}`, {knobs.target.about}, on the pictures of the {knobs.noun} in "
                f"`test.csv`. There are {knobs.train_rows} pictures with a mask to learn from.",
                targets=(target,),
                columns={"image": "path of the picture", target: f"{about} (train only)"},
                files={
                    "images/": f"one grey PNG of {knobs.side} by {knobs.side} pixels per row, "
                    f"{knobs.picture}"
                },
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _witnesses(knobs: MaskKnobs) -> dict[str, str]:
    """Tiers: the mean mask; raw light; light over the ground; one filled piece; an ellipse."""
    target, side = knobs.target.name, knobs.side
    read = f'masks = np.stack([painted_mask(text, {side}, {side}) for text in train["{target}"]])\n'
    raw = f"{LOAD}light = grey_light(pictures)\nguess = mask_guess(light, masks)\n"
    flat = f"{raw}light = over_ground(light)\n"
    fit = "chance = pixel_chances(light, masks, guess)\n"
    cut = "level = best_level(chance[: len(masks)], masks)\nfound = chance[len(masks) :] > level\n"
    piece = (
        "level = best_level(chance[: len(masks)], masks, one_piece)\n"
        "found = one_piece(chance[len(masks) :] > level)\n"
    )
    write = f'answer = {{"{target}": [run_text(mask) for mask in found]}}\n'
    ellipse = "found = ellipses(light[len(masks) :], found)\n"
    return programs(
        knobs,
        read,
        {
            "trivial": (
                "share = masks.mean(axis=0)\nlevel = best_level(np.array([share] * len(masks)), masks)\n"
                f"found = [share > level] * len(test)\n{write}",
                "the pixels that are often set",
            ),
            "competent": (
                raw + fit + cut + write,
                "a classifier of pixels by light, place and a linear guess at the whole mask",
            ),
            "insight": (flat + fit + cut + write, "the same with light over that of the ground"),
            "insights": (
                flat + fit + piece + write,
                "the same, the largest piece without its holes",
            ),
            "expert": (
                flat + fit + piece + ellipse + write,
                "an ellipse fitted to that piece and to the light",
            ),
        },
    )


FAMILY = ImageMask()
