"""Learning to rank: each row is a list of rival candidates, to be put into order.

The worth of a candidate (`ranking.rivals`) has a known mean and the same noise for all, so the order of the
means is the best submission for every metric of this family.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.ranking.rivals import (
    LETTERS,
    MOST,
    Lists,
    Worths,
    draw_lists,
    ordered,
)
from sandmle_gym.families.table import Amount, Category, Quantity, Text, words
from sandmle_gym.families.tabular.ingredient import Side, pick
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

GRADES = (0.35, 0.6, 0.8, 0.93)
"""Shares of candidates below grades 1, 2, 3 and 4."""


class Candidates(Side):
    """The candidates of all lists."""

    owner: Text
    letter: Text
    quality: Quantity
    price: Amount
    mark: Quantity
    kind: Category
    size: Amount


class ListHints(Frozen):
    """A practitioner's remarks."""

    price: Hints
    mark: Hints
    kind: Hints
    size: Hints


class ListRanges(Ranges):
    """How far the knobs range; shares are of the variance of the signal."""

    noise: ShareRange = (0.13, 0.18)
    plain: ShareRange = (0.14, 0.18)
    price: ShareRange = (0.20, 0.24)
    mark: ShareRange = (0.15, 0.18)
    kind: ShareRange = (0.15, 0.18)


class ListCard(SeedCard):
    """A card of this family."""

    target: Text
    wanted_kind: Text
    wanted_size: Text
    other: Quantity
    """A column that tells nothing."""
    candidates: Candidates
    ranges: ListRanges = ListRanges()
    hints: ListHints


class ListKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    wanted_kind: Text
    wanted_size: Text
    other: Quantity
    candidates: Candidates
    hints: ListHints
    noise: Annotated[float, Field(gt=0, lt=1)]
    worths: Worths


class RankingLists(Family):
    """The target is an order of letters, or a grade for each."""

    name = "ranking_lists"
    metrics: ClassVar = dict.fromkeys(("ndcg_graded_at_k", "kendall_orders"), Form.RANKING)
    card = ListCard
    knobs = ListKnobs
    trains = "Describe a candidate relative to its rivals and to what was asked for, not by itself."
    exploits = (
        "Letters and the order of lines are drawn at random and tell nothing.",
        "The level of prices and marks of a list is the same for all its candidates: it orders nothing.",
    )

    def derive(self, card: ListCard, rng: np.random.RandomState, attempt: int) -> ListKnobs:
        """Choose the shares; later attempts have a tenth less noise each."""
        drawn = {
            name: round(low + (high - low) * rng.random_sample(), 4)
            for name, (low, high) in card.ranges
            if name != "train_rows"
        }
        noise = drawn.pop("noise") * 0.9**attempt
        kept = ("target", "wanted_kind", "wanted_size", "other", "candidates", "hints")
        return ListKnobs.model_validate(
            {
                **common(card, rng, public_rows=150, private_rows=1100),
                **{name: getattr(card, name) for name in kept},
                "noise": round(noise, 5),
                "worths": {**drawn, "size": round(1 - sum(drawn.values()), 4)},
            }
        )

    def insights(self, card: ListCard) -> Sequence[Insight]:
        """Name the effects."""
        of = card.candidates
        return (
            Insight(f"`{of.price.name}`", "rivals", "cheap beside the rivals, in relative terms"),
            Insight(f"`{of.mark.name}`", "rivals", "every list has its own level of marks"),
            Insight(
                f"`{of.kind.name}`, `{card.wanted_kind.name}`", "match", "the kind that was wanted"
            ),
            Insight(
                f"`{of.size.name}`, `{card.wanted_size.name}`",
                "match",
                "as near as possible to the size that was wanted, in relative terms",
            ),
        )

    def compose(self, knobs: ListKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the lists and judge them."""
        kinds = len(knobs.candidates.kind.levels)
        lists = draw_lists(len(ids), kinds, knobs.worths, knobs.noise, *key)
        judged = _judged(knobs, lists)
        target = knobs.target.name
        best = ordered(lists.mean, lists.filled)[knobs.train_rows :]
        depth = int(knobs.metric.params.get("k", MOST))
        columns = {**_columns(knobs, lists, stream(*key, "other")), target: judged}
        train, test = split_rows(columns, knobs.train_rows)
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle={target: [" ".join(row[:depth]) for row in best]},
            sample={target: " ".join(LETTERS[: min(depth, 8)])},
            statement=_state(knobs, list(columns), key),
            witnesses=_witnesses(knobs, depth),
            files=_candidates(knobs, lists, ids, stream(*key, "lines")),
        )


def _judged(knobs: ListKnobs, lists: Lists) -> list[str]:
    """Return the truth of every list: its letters in order, or the grade of each."""
    if knobs.metric.name == "kendall_orders":
        return [" ".join(row) for row in ordered(lists.worth, lists.filled)]
    cuts = np.quantile(lists.worth[lists.filled], GRADES)
    grades = np.searchsorted(np.round(cuts, 5), lists.worth).tolist()
    sizes = lists.filled.sum(axis=1).tolist()
    return [
        " ".join(f"{LETTERS[k]}:{grade}" for k, grade in enumerate(row[:size]))
        for row, size in zip(grades, sizes, strict=True)
    ]


def _columns(
    knobs: ListKnobs, lists: Lists, rng: np.random.RandomState
) -> dict[str, Sequence[str]]:
    size, kind = knobs.candidates.size, knobs.candidates.kind
    other = knobs.other.scaled(rng.normal(size=len(lists.filled)))
    return {
        knobs.wanted_kind.name: words(kind.levels, lists.wanted_kind).text(),
        knobs.other.name: knobs.other.cells(other).text(),
        knobs.wanted_size.name: size.cells(size.scaled(lists.wanted_size)).text(),
    }


def _candidates(
    knobs: ListKnobs, lists: Lists, ids: Sequence[str], rng: np.random.RandomState
) -> Mapping[str, bytes]:
    rows, places = np.nonzero(lists.filled)
    order = rng.permutation(len(rows))
    rows, places = rows[order], places[order]
    of = knobs.candidates
    return of.write(
        pick(ids, rows),
        words(tuple(LETTERS), places).text(),
        *(
            column.cells(column.scaled(values[rows, places])).text()
            for column, values in (
                (of.quality, lists.quality),
                (of.price, lists.price),
                (of.mark, lists.mark),
            )
        ),
        words(of.kind.levels, lists.kind[rows, places]).text(),
        of.size.cells(of.size.scaled(lists.size[rows, places])).text(),
    )


def _state(knobs: ListKnobs, columns: Sequence[str], key: tuple[Label, ...]) -> Statement:
    of, target = knobs.candidates, knobs.target
    form = "the letters in order, the best first"
    if knobs.metric.name != "kendall_orders":
        form = "`letter:grade` for every candidate, grades from 0 (of no use) to 4 (excellent)"
    about = {text.name: text.about for text in (knobs.wanted_kind, knobs.wanted_size, knobs.other)}
    about[target.name] = f"{target.about}: {form}, separated by spaces (train only)"
    return Statement(
        task=f"Put the candidates of each of the {knobs.noun} in `test.csv` into order, the best first. "
        f"What the best were for the {knobs.train_rows} {knobs.noun} in `train.csv` stands in "
        f"`{target.name}`; a submission lists the letters of the candidates.",
        targets=(target.name,),
        columns={name: about[name] for name in columns}
        | {text.name: f"{text.about} (`{of.file}`)" for text in of.columns},
        files={of.file: of.about},
        hints=remarks(knobs.hints, key),
    )


def _witnesses(knobs: ListKnobs, depth: int) -> dict[str, str]:
    """Tiers: any order; candidates by themselves; price beside rivals; all; the form of size, too."""
    of, key = knobs.candidates, knobs.id_column
    target, price, mark, kind = knobs.target.name, of.price.name, of.mark.name, of.kind.name
    kind_wanted, size_wanted = knobs.wanted_kind.name, knobs.wanted_size.name
    graded = knobs.metric.name != "kendall_orders"
    read = (
        f'offers = pd.read_csv("{of.file}").sort_values(["{of.owner.name}", "{of.letter.name}"])\n'
        f'letters = offers["{of.letter.name}"]\n'
    )
    join = (
        "known = pd.concat([train, test], ignore_index=True)\n"
        f'table = offers.merge(known, left_on="{of.owner.name}", right_on="{key}", how="left")\n'
        f'owner, letters = table["{of.owner.name}"], table["{of.letter.name}"]\n'
        f'target = {"by_grade" if graded else "by_place"}(table["{target}"], letters)\n'
        f'table = table.drop(columns=["{of.owner.name}", "{key}", "{of.letter.name}", "{target}"])\n'
        f'price, mark = np.log(table["{price}"]), table["{mark}"]\n'
    )
    first = 'table["cheap"] = beside_rivals(price, owner)\n'
    rest = (
        'table["marked"] = beside_rivals(mark, owner)\n'
        f'table["match"] = (table["{kind}"] == table["{kind_wanted}"]).astype(float)\n'
    )
    form = (
        f'off = np.log(table["{of.size.name}"] / table["{size_wanted}"]) ** 2\n'
        f'columns = [table["{of.quality.name}"], price, mark, table["match"], off]\n'
        "scores = duels(np.column_stack(columns), target, owner)\n"
    )
    fit = "scores = rivals_blend(table, target, owner)\n"
    write = f'answer = {{"{target}": list_best(scores, owner, letters, test["{key}"], {depth})}}\n'
    return programs(
        knobs,
        read,
        {
            "trivial": (
                f'owner, scores = offers["{of.owner.name}"], np.zeros(len(offers))\n{write}',
                "candidates in the order of their letters",
            ),
            "competent": (join + fit + write, "a blend on the columns of each candidate"),
            "insight": (join + first + fit + write, "the same with the price beside the rivals'"),
            "insights": (
                join + first + rest + fit + write,
                "the same with marks beside the rivals', and the kind that was wanted",
            ),
            "expert": (
                join + rest + form + write,
                "a model of duels between rivals in the right functional form",
            ),
        },
    )


FAMILY = RankingLists()
