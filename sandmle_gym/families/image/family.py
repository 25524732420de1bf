"""What the families of visible factors share: from a drawn scene to the parts of a task."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sandmle_gym.families.description import Statement, named
from sandmle_gym.families.family import Drawn, Family, Insight
from sandmle_gym.families.image import witness
from sandmle_gym.families.image.budget import Latent, Role, draw_factors, mix
from sandmle_gym.families.image.canvas import as_files
from sandmle_gym.families.image.card import ImageCard, ImageKnobs, cast, set_knobs
from sandmle_gym.families.image.outcomes import Asked
from sandmle_gym.families.image.traps import Exposed
from sandmle_gym.seeding import Label, stream

OPENINGS = (
    "Predict {targets} for each of the {test_rows} {noun} in `test.csv`.",
    "Your job: for all {test_rows} {noun} in `test.csv`, predict {targets}.",
    "Of the {test_rows} {noun} in `test.csv` only the pictures are known; predict {targets}.",
)
HISTORIES = (
    "Only {train_rows} labelled {noun} are available for training, so look at them well.",
    "There are {train_rows} labelled {noun} to learn from.",
    "The labelled collection is small: {train_rows} {noun}.",
)
NOTES = ("Notes from the field", "What practitioners say", "Remarks on the pictures")


class Imagined(NamedTuple):
    """A scene and what is asked about it."""

    pictures: np.ndarray
    """uint8 (n, h, w) or (n, h, w, 3)."""
    asked: Asked
    latent: np.ndarray
    """float (n,): what decides the target, for traps that know it."""


class PictureFamily(Family):
    """A kind of scene, and what is asked about it."""

    card = ImageCard
    knobs = ImageKnobs
    factors: ClassVar[Mapping[str, str]]
    """What varies in the scene -> what it is, for people."""
    exploits = (
        "Sizes and names of files, ids and the order of rows are drawn at random and tell nothing.",
        "The stripe that some tasks paint along an edge knows the target in train only.",
        "Repeated submissions do not tell the answers: `score` judges other rows than the reward does.",
    )

    @abstractmethod
    def settle(self, target: Any, rng: np.random.RandomState) -> Any:
        """Choose the numbers of the target (cut points) within the ranges of the card."""

    @abstractmethod
    def imagine(self, knobs: Any, key: tuple[Label, ...]) -> Imagined:
        """Draw the pictures and decide the target."""

    @abstractmethod
    def tiers(self, knobs: Any) -> dict[str, witness.Tier]:
        """Say how every tier but trivial looks at the pictures."""

    @abstractmethod
    def legend(self, knobs: Any) -> Mapping[str, str]:
        """Say what each target column means."""

    def roles(self, card: Any, rng: np.random.RandomState) -> dict[str, dict[str, Role]]:
        """Give roles to factors, for every hidden number; most families have one number."""
        return {"latent": cast(card.factors, rng)}

    def derive(self, card: Any, rng: np.random.RandomState, attempt: int) -> ImageKnobs:
        """Set the knobs of a task within the ranges of a card."""
        settings = set_knobs(card, rng, attempt, self.roles(card, rng))
        settings["target"] = self.settle(card.target, rng)
        return self.knobs.model_validate(settings)  # type: ignore[return-value]

    def compose(self, knobs: ImageKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Imagine the scene, spring the traps, and write it all down."""
        pictures, asked, latent = self.imagine(knobs, key)
        rows = Exposed(pictures, {}, np.arange(knobs.rows), latent, knobs.train_rows)
        for trap in knobs.traps:
            trap.spring(rows, stream(*key, "trap", trap.kind))
        names = [f"images/{name}.png" for name in ids]
        columns: dict[str, list[str]] = {"image": names, **rows.columns}
        train, tested = slice(None, rows.train), slice(rows.train, None)
        shown = rows.shown[train].tolist()
        return Drawn(
            train={name: cells[train] for name, cells in columns.items()}
            | {name: [str(cells[k]) for k in shown] for name, cells in asked.target.items()},
            test={name: cells[tested] for name, cells in columns.items()},
            truth={name: cells[tested] for name, cells in asked.truth.items()},
            oracle={name: cells[tested] for name, cells in asked.oracle.items()},
            sample=asked.sample,
            labels=asked.labels,
            files=as_files(rows.pictures, names),
            statement=self._statement(knobs, rows, asked, stream(*key, "description")),
            witnesses=witness.programs(
                f"{knobs.title}, {knobs.metric.name}",
                knobs.id_column,
                asked,
                knobs.traps,
                self.tiers(knobs),
            ),
        )

    def insights(self, card: ImageCard) -> list[Insight]:
        """List the factors that a card uses, and the traps."""
        seen = [
            Insight("pictures", " or ".join(factor.roles), self.factors[name])
            for name, factor in card.factors.items()
        ]
        return seen + [
            Insight(trap.column.name if trap.column else "pictures", trap.kind, trap.hidden)
            for trap in card.traps
        ]

    def _statement(
        self, knobs: ImageKnobs, rows: Exposed, asked: Asked, rng: np.random.RandomState
    ) -> Statement:
        meanings = self.legend(knobs)
        shape = "grey" if rows.pictures.ndim == 3 else "RGB"
        targets = tuple(asked.target)
        about = f" ({meanings[targets[0]]})" if len(targets) == 1 else ""
        facts = {
            "targets": named(targets) + about,
            "noun": knobs.noun,
            "train_rows": knobs.train_rows,
            "test_rows": knobs.public_rows + knobs.private_rows,
        }
        task = [choices[rng.randint(len(choices))] for choices in (OPENINGS, HISTORIES)]
        traps = {trap.column.name: trap.column.about for trap in knobs.traps if trap.column}
        return Statement(
            task=" ".join(task).format(**facts),
            targets=targets,
            columns={"image": "path of the picture", **traps}
            | {name: f"{meanings[name]} (train only)" for name in asked.target},
            files={
                "images/": f"one {shape} PNG of {knobs.side} by {knobs.side} pixels per row, "
                f"{knobs.picture}"
            },
            hints=knobs.hints,
            heading=NOTES[rng.randint(len(NOTES))],
        )


class FactorFamily(PictureFamily):
    """A kind of scene whose factors, uniform and independent, decide one or more hidden numbers."""

    @abstractmethod
    def paint(
        self, knobs: Any, factors: Mapping[str, np.ndarray], rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the pictures, uint8 (n, h, w) or (n, h, w, 3)."""

    @abstractmethod
    def ask(self, knobs: Any, latents: Mapping[str, Latent]) -> Asked:
        """Observe the hidden numbers as a target."""

    def imagine(self, knobs: Any, key: tuple[Label, ...]) -> Imagined:
        """Draw factors, the pictures that show them, and the target that follows them."""
        factors = draw_factors(tuple(self.factors), knobs.rows, *key)
        latents = {
            name: mix(parts, factors, knobs.noise, *key, name)
            for name, parts in knobs.parts.items()
        }
        pictures = self.paint(knobs, factors, stream(*key, "scene"))
        return Imagined(pictures, self.ask(knobs, latents), next(iter(latents.values())).values)
