"""Traps of picture tasks: what a look at the pictures and the columns saves you from."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, SerializeAsAny

from sandmle_gym.families.table import Text, Word
from sandmle_gym.spec import Frozen


@dataclass
class Exposed:
    """All pictures of a task, train first, and what stands beside them in the tables; traps change it."""

    pictures: np.ndarray
    """uint8 (n, h, w) or (n, h, w, 3)."""
    columns: dict[str, list[str]]
    shown: np.ndarray
    """int (n,): the row whose target stands in each row."""
    latent: np.ndarray
    """float (n,): what decides the target."""
    train: int


class Trap(Frozen):
    """Base of all traps."""

    kind: str
    hidden: ClassVar[str]
    """For people: what is wrong."""
    hints: tuple[str, ...] = Field(min_length=1)

    @property
    def column(self) -> Text | None:
        """The column that it adds to both tables, if any."""
        return None

    @abstractmethod
    def spring(self, rows: Exposed, rng: np.random.RandomState) -> None:
        """Set the trap."""

    def rows_line(self) -> str:
        """Lines that clean the frame `train`, before pictures are read."""
        return ""

    def pictures_line(self) -> str:
        """Lines that clean the array `pictures`, train rows first."""
        return ""


class Columned(Trap):
    """Base of traps that show in a column."""

    name: Text

    @property
    def column(self) -> Text:
        """The column that it adds to both tables."""
        return self.name


class Audit(Columned):
    """Label noise: some train targets are those of other rows; a column says which may be."""

    kind: str = "audit"
    trusted: Word
    doubtful: Word
    hidden = "the targets of doubtful train rows are swapped around"

    def spring(self, rows: Exposed, rng: np.random.RandomState) -> None:
        """Mark 15 % of the train rows and show other targets there."""
        doubtful = np.zeros(len(rows.shown), dtype=bool)
        doubtful[: rows.train] = rng.random_sample(rows.train) < 0.15
        chosen = np.flatnonzero(doubtful)
        rows.shown[chosen] = rng.randint(rows.train, size=len(chosen))
        words = (self.trusted, self.doubtful)
        rows.columns[self.name.name] = [words[int(doubt)] for doubt in doubtful]

    def rows_line(self) -> str:
        """Keep the trusted rows."""
        return f'train = train[train["{self.name.name}"] == "{self.trusted}"]\n'


class Cameras(Columned):
    """Two cameras of different exposure and contrast; train and test were not taken by them alike."""

    kind: str = "cameras"
    old: Word
    new: Word
    hidden = "one of two cameras is darker and flatter, and took most of train but little of test"

    def spring(self, rows: Exposed, rng: np.random.RandomState) -> None:
        """Darken the pictures of the old camera."""
        share = np.where(np.arange(len(rows.shown)) < rows.train, 0.7, 0.3)
        old = rng.random_sample(len(share)) < share
        dim = np.round(rows.pictures[old] * 0.8 + 8, 3)
        rows.pictures[old] = np.round(dim).astype(np.uint8)
        words = (self.new, self.old)
        rows.columns[self.name.name] = [words[int(of)] for of in old]

    def pictures_line(self) -> str:
        """Bring both cameras to the same mean and spread."""
        name = self.name.name
        return f'pictures = levelled_cameras(pictures, [*train["{name}"], *test["{name}"]])\n'


class Stripe(Trap):
    """A grey stripe along the lower edge that knows the target in train, and nothing in test."""

    kind: str = "stripe"
    hidden = "the stripe along the lower edge knows the target in train and is noise in test"

    def spring(self, rows: Exposed, rng: np.random.RandomState) -> None:
        """Paint two lines of pixels."""
        count = len(rows.shown)
        grey = rows.latent[rows.shown] + 0.4 * rng.normal(size=count)
        grey[rows.train :] = rng.permutation(grey[rows.train :])
        tone = np.round(np.round(128 + 30 * np.clip(grey, -3, 3), 3)).astype(np.uint8)
        rows.pictures[:, -2:] = tone.reshape((count,) + (1,) * (rows.pictures.ndim - 1))

    def pictures_line(self) -> str:
        """Cover the stripe with the line above."""
        return "pictures[:, -2:] = pictures[:, -3:-2]\n"


_KINDS: dict[str, type[Trap]] = {"audit": Audit, "cameras": Cameras, "stripe": Stripe}

ORDER = ("audit", "cameras", "stripe")
"""Traps spring in this order, and are cleaned up in the opposite one."""


def _by_kind(value: Any) -> Any:
    if isinstance(value, Trap):
        return value
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in _KINDS:
        raise ValueError(f"a trap of pictures has a kind: {', '.join(_KINDS)}; not {kind!r}")
    return _KINDS[kind].model_validate(value)


AnyTrap = Annotated[SerializeAsAny[Trap], BeforeValidator(_by_kind)]
"""A trap, read by its `kind`."""
