"""Detection: boxes round the few things on a picture of uneven ground.

The oracle is the true boxes. No program can reach it, for the noise hides the edges: it is an upper bound.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.image.canvas import as_files
from sandmle_gym.families.image.card import PRIVATE_ROWS, PUBLIC_ROWS, Side
from sandmle_gym.families.image.specimens import MOST, box_cells, draw_specimens
from sandmle_gym.families.image.witness import LOAD
from sandmle_gym.families.table import About, Text
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label
from sandmle_gym.spec import Form, Frozen


class BoxHints(Frozen):
    """A practitioner's remarks."""

    ground: Hints
    crumbs: Hints
    fit: Hints


class BoxRanges(Ranges):
    """How far the knobs range."""

    contrast: ShareRange = (0.46, 0.56)
    """Logarithm of the light of a thing over that of its ground, but for the sign."""
    noise: ShareRange = (0.06, 0.08)
    """Standard deviation of the light of a pixel."""
    unevenness: ShareRange = (0.3, 0.45)
    """How much the logarithm of the light of the ground varies over a picture."""


class BoxCard(SeedCard):
    """A card of this family."""

    target: Text
    picture: About
    side: Side
    dark: bool
    """Whether things are darker than the ground."""
    ranges: BoxRanges = BoxRanges()
    hints: BoxHints


class BoxKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    picture: About
    side: Side
    contrast: float
    noise: float = Field(gt=0)
    unevenness: float
    hints: BoxHints


class ImageBoxes(Family):
    """The target is a list of boxes."""

    name = "image_boxes"
    metrics: ClassVar = dict.fromkeys(("map_at_iou", "map_over_iou", "f2_boxes"), Form.BOXES)
    card = BoxCard
    knobs = BoxKnobs
    trains = (
        "Detect without a detector at hand: undo uneven light, tell things from crumbs, and fit the box "
        "to the light instead of to pixels."
    )
    exploits = (
        "The mean box, or a grid of boxes, is known to the certificate and earns nothing.",
        "All files have the same size; their names are drawn at random.",
    )

    def derive(self, card: BoxCard, rng: np.random.RandomState, attempt: int) -> BoxKnobs:
        """Set light and noise. Less noise would bring the upper tiers together, so attempts only differ."""
        del attempt
        drawn = {
            name: round(low + (high - low) * rng.random_sample(), 4)
            for name, (low, high) in card.ranges
            if name != "train_rows"
        }
        return BoxKnobs.model_validate(
            {
                **common(card, rng, public_rows=PUBLIC_ROWS, private_rows=PRIVATE_ROWS),
                **{name: getattr(card, name) for name in ("target", "picture", "side", "hints")},
                **drawn,
                "contrast": -drawn["contrast"] if card.dark else drawn["contrast"],
                "noise": round(drawn["noise"], 5),
            }
        )

    def insights(self, card: BoxCard) -> Sequence[Insight]:
        """Name what is hidden."""
        del card
        return (
            Insight(
                "pictures", "ground", "only the light relative to the ground nearby tells a thing"
            ),
            Insight("pictures", "crumbs", "crumbs are as strong as things, only smaller"),
            Insight("pictures", "fit", "things are upright ellipses, which fill their boxes"),
        )

    def compose(self, knobs: BoxKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the pictures and the boxes."""
        drawn = draw_specimens(
            len(ids), knobs.side, knobs.contrast, knobs.noise, knobs.unevenness, *key
        )
        target = knobs.target.name
        names = [f"images/{name}.png" for name in ids]
        columns = {"image": names, target: box_cells(drawn.boxes, drawn.there)}
        train, test = split_rows(columns, knobs.train_rows)
        truth = {target: test.pop(target)}
        middle = knobs.side / 2
        return Drawn(
            train=train,
            test=test,
            truth=truth,
            oracle=truth,
            sample={target: f"0.5 {middle:.1f} {middle:.1f} 5.0 5.0"},
            cell_chars=2000,
            files=as_files(drawn.pictures, names),
            statement=Statement(
                task=f"Find `{target}` ({knobs.target.about}) on the pictures of the {knobs.noun} in "
                f"`test.csv`. For {knobs.train_rows} pictures the boxes are known.",
                targets=(target,),
                columns={
                    "image": "path of the picture",
                    target: f"{knobs.target.about}; written as in a submission, in pixels from the upper "
                    "left corner of the picture, x to the right and y downwards (train only)",
                },
                files={
                    "images/": f"one grey PNG of {knobs.side} by {knobs.side} pixels per row, "
                    f"{knobs.picture}"
                },
                hints=remarks(knobs.hints, key),
            ),
            witnesses=_witnesses(knobs),
        )


def _witnesses(knobs: BoxKnobs) -> dict[str, str]:
    """Tiers: the mean box; raw light; light over the ground; without crumbs; ellipses fitted to the light."""
    target, sign = knobs.target.name, "-" if knobs.contrast < 0 else ""
    read = f'known = [boxes_of(text) for text in train["{target}"]]\n'
    raw = f"{LOAD}light = {sign}np.log(grey_light(pictures).clip(0.02))\n"
    flat = f"{LOAD}light = {sign}over_ground(grey_light(pictures))\n"
    soft = "light = ndimage.gaussian_filter(light, (0, 0.8, 0.8))\n"
    find = "level = best_cut(light, known)\nfound = bright_parts(light[len(known) :], level)\n"
    clean = (
        "level = best_cut(light, known, without_crumbs)\n"
        "found = without_crumbs(bright_parts(light[len(known) :], level), known)\n"
    )
    fit = "found = fitted_boxes(plain[len(known) :], found)\n"
    write = f'answer = {{"{target}": [box_text(row) for row in found]}}\n'
    return programs(
        knobs,
        read,
        {
            "trivial": (
                f"found = [[(0.5, *np.mean(np.concatenate(known), axis=0)[1:])]] * len(test)\n{write}",
                "the mean box",
            ),
            "competent": (raw + find + write, "boxes round pieces of bright or dark light"),
            "insight": (flat + find + write, "the same with light over that of the ground"),
            "insights": (
                flat + soft + clean + write,
                "the same with softened light, pieces as small as crumbs left out",
            ),
            "expert": (
                flat + "plain = light\n" + soft + clean + fit + write,
                f"ellipses fitted to the light, at most {MOST}, ranked by how well they fit",
            ),
        },
    )


FAMILY = ImageBoxes()
