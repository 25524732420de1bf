"""Directed contacts of several kinds, of which one counts."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from sandmle_gym.families.network import draw_links
from sandmle_gym.families.table import Category, Text, words
from sandmle_gym.families.tabular.ingredient import Part, Side, Unit, pick

CONTACTS_PER_ROW = 9


class Contacts(Side):
    """Directed contacts between the rows of a task."""

    giver: Text
    taker: Text
    sort: Category


class Reach(Unit):
    """Effect: the logarithm of one plus the number of contacts of one sort that a row is the taker of."""

    kind: str = "reach"
    hidden: ClassVar[str] = (
        "the logarithm of how many contacts of one sort, drawn per task, a row receives; the other "
        "sorts and the contacts it gives mean nothing"
    )
    contacts: Contacts

    gain: ClassVar[float] = 0.8
    spoilers: ClassVar[tuple[str, ...]] = ("count the", "number of", "degree", "logarithm")

    def draw(self, rows: int, rng: np.random.RandomState) -> Part:
        """Draw contacts among all rows."""
        pairs = draw_links(rows, CONTACTS_PER_ROW * rows, rng)
        sorts = self.contacts.sort.levels
        sort = rng.randint(len(sorts), size=len(pairs))
        active = rng.randint(len(sorts))
        count = np.bincount(pairs[sort == active, 1], minlength=rows)
        cells = words(sorts, sort).text()

        def files(ids: Sequence[str]) -> Mapping[str, bytes]:
            return self.contacts.write(pick(ids, pairs[:, 0]), pick(ids, pairs[:, 1]), cells)

        file, taker, column = (
            self.contacts.file,
            self.contacts.taker.name,
            self.contacts.sort.name,
        )
        return Part(
            columns={},
            effect=np.round(np.log1p(count), 6),
            features=(
                f'contacts = pd.read_csv("{file}")\n'
                f'counts = pd.crosstab(contacts["{taker}"], contacts["{column}"])\n'
                "counts = np.log1p(counts.reindex(names, fill_value=0)).reset_index(drop=True)\n"
                f'both = both.join(counts.add_prefix("{column}_"))\n'
            ),
            files=files,
        )
