"""Classification into classes without an order that anyone is told."""

from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.table import Text, words
from sandmle_gym.families.tabular import fits
from sandmle_gym.families.tabular.family import Decision, TabularFamily
from sandmle_gym.families.tabular.knobs import TabularKnobs
from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.families.tabular.world import World
from sandmle_gym.spec import Form

if TYPE_CHECKING:
    from sandmle_gym.families.tabular.card import TabularCard

ClassName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=30)]
"""Usable as a column of a submission and as an item of a ranking."""

ROWS_PER_CLASS = 20
"""Fewest train rows per class, on average, from which anything can be learnt."""


class Classes(Text):
    """A nominal target in a card."""

    classes: tuple[ClassName, ...] = Field(min_length=3, max_length=8)


class Intervals(Classes):
    """A nominal target in the knobs: `classes` in the order of the latent, hidden from everyone."""

    cuts: tuple[float, ...]


class TabularMulticlass(TabularFamily):
    """The classes are intervals of the latent, in a random order."""

    name = "tabular_multiclass"
    metrics: ClassVar = (
        dict.fromkeys(("log_loss_multiclass", "roc_auc_ovr"), Form.DISTRIBUTION)
        | dict.fromkeys(("accuracy", "balanced_accuracy", "f1_macro", "mcc"), Form.LABEL)
        | {"map_at_k": Form.RANKING}
    )
    card_target = Classes
    knobs = TabularKnobs[Intervals]

    def check_card(self, card: "TabularCard") -> None:
        """Refuse more classes than the train rows can show."""
        check_classes(card, len(getattr(card.target, "classes", ())))

    def settle(self, target: Classes, rng: np.random.RandomState) -> Intervals:
        """Choose the order of the classes and how common each is."""
        order = rng.permutation(len(target.classes))
        return Intervals.model_validate(
            {
                **target.model_dump(),
                "classes": tuple(target.classes[k] for k in order),
                "cuts": even_cuts(len(order), rng),
            }
        )

    def decide(self, knobs: TabularKnobs[Intervals], world: World) -> Decision:
        """Cut the latent; submit the posterior, its order or the label that serves the metric."""
        target, form = knobs.target, self.form(knobs.metric)
        posterior = oracle.class_posterior(world.mean, world.spread, target.cuts)
        cells = words(target.classes, np.searchsorted(target.cuts, world.latent))
        labels = tuple(sorted(target.classes))
        if form is Form.DISTRIBUTION:
            places = [target.classes.index(label) for label in labels]
            best = {
                label: [f"{p:.6g}" for p in posterior[:, k]]
                for label, k in zip(labels, places, strict=True)
            }
            sample = {label: f"{1 / len(labels):.4f}" for label in labels}
        elif form is Form.RANKING:
            depth = int(knobs.metric.params["k"])
            ranked = (-posterior).argsort(axis=1, kind="stable")[:, :depth].tolist()
            best = {target.name: [" ".join(target.classes[k] for k in row) for row in ranked]}
            sample = {target.name: " ".join(labels[:depth])}
        else:
            best = {
                target.name: words(target.classes, oracle.labels(knobs.metric, posterior)).text()
            }
            sample = {target.name: labels[0]}
        return Decision(cells, () if form is Form.RANKING else labels, best, sample)

    def legend(self, knobs: TabularKnobs[Intervals]) -> str:
        """Name the classes in alphabetical order."""
        return ": " + ", ".join(f"`{label}`" for label in sorted(knobs.target.classes))

    def fit(self, knobs: TabularKnobs[Intervals]) -> Fit:
        """Fit all classes."""
        labels = tuple(sorted(knobs.target.classes))
        return fits.classes(knobs.target.name, labels, knobs.metric, self.form(knobs.metric))


def even_cuts(classes: int, rng: np.random.RandomState) -> tuple[float, ...]:
    """Cut points of the latent that make classes about equally common."""
    places = np.arange(1, classes) / classes + rng.uniform(-0.2, 0.2, classes - 1) / classes
    return tuple(round(NormalDist().inv_cdf(place), 5) for place in places.tolist())


def check_classes(card: "TabularCard", classes: int) -> None:
    """Refuse a card with too many classes for its train rows.

    Raises:
        ValueError: It names both.
    """
    fewest = card.ranges.train_rows[0]
    if classes * ROWS_PER_CLASS > fewest:
        raise ValueError(
            f"target: {classes} classes need at least {classes * ROWS_PER_CLASS} train rows, "
            f"ranges.train_rows starts at {fewest}"
        )


FAMILY = TabularMulticlass()
