"""Which task an environment plays next: one, a draw of a card's stream, or one of some frozen ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandmle_gym.catalogue import all_tasks, cards, normalise
from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.selection import select

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Source:
    """What an environment draws its tasks from; made from the keyword arguments of `gym.make`."""

    task: str | None = None
    """One fixed task."""
    card: str | None = None
    """The stream of one seed card."""
    index: int | None = None
    """With `card`: always this draw."""
    split: str | None = None
    """With neither: the frozen tasks of this split (train, val, test), or all of them."""
    modality: str | None = None
    """With neither: only frozen tasks of this modality; the same goes for the next ones."""
    metric: str | None = None
    level: str | None = None
    domain: str | None = None

    def __post_init__(self) -> None:
        filters = {name: value for name, value in self._filters.items() if value is not None}
        if sum((self.task is not None, self.card is not None, bool(filters))) > 1:
            raise UserError(
                "give either task= or card= or filters such as split=, not several of them"
            )
        if self.index is not None and (self.card is None or self.index < 0):
            raise UserError("index= is a number ≥ 0 and goes with card=")
        if self.card is not None and self.card not in cards():
            raise UnknownNameError("seed card", self.card, cards())
        if filters and not self.frozen():
            asked = ", ".join(f"{name} {value!r}" for name, value in filters.items())
            raise UserError(f"the suite has no tasks in {asked}")

    def choose(self, random: "np.random.Generator", options: Mapping[str, Any]) -> str:
        """Choose the reference of the next episode's task.

        Args:
            random: The environment's own random generator.
            options: Those of `reset`: `task` names a task; `index` a draw of the stream.
        """
        options = dict(options)
        task, index = options.pop("task", None), options.pop("index", None)
        if options:
            raise UnknownNameError("reset option", next(iter(options)), ["task", "index"])
        if task is not None:
            return self._selected(str(task))
        if self.card is not None:
            index = self.index if index is None else index
            return f"{self.card}#{int(random.integers(2**31)) if index is None else int(index)}"
        if index is not None:
            raise UserError('options={"index": …} goes with a seed card\'s id, such as its -v0 id')
        if self.task is not None:
            return self.task
        frozen = self.frozen()
        return frozen[int(random.integers(len(frozen)))]

    def _selected(self, task: str) -> str:
        reference = normalise(task)
        if self.task is not None and reference != normalise(self.task):
            raise UserError(
                f"this environment always plays {self.task}; make SandMLE/Suite-v0 to choose tasks"
            )
        return reference

    def frozen(self) -> list[str]:
        """Name the frozen tasks that are meant, in the order of the suite."""
        return [task.reference for task in select(all_tasks(), **self._filters)]

    @property
    def _filters(self) -> dict[str, Any]:
        names = ("split", "modality", "metric", "level", "domain")
        return {name: getattr(self, name) for name in names}
