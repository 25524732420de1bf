"""Recommendation: what customers will buy next, from the log of a shop and its catalogue.

A row is a customer; a submission lists the products that they will most likely buy. The next basket is
drawn from the utilities (`ranking.shop`) by Luce's rule. The oracle lists by true utility, which has the
highest chance of a hit at every place; it is a near-oracle for the mean precision of baskets of several.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, field_validator

from sandmle_gym.families.card import Ranges, SeedCard, ShareRange
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.ranking.shop import Shares, Shop, gumbel, open_shop, utility
from sandmle_gym.families.table import Amount, Category, Cells, Quantity, Text, Word, words
from sandmle_gym.families.tabular.ingredient import Side, pick
from sandmle_gym.families.text.parts import Hints, programs, remarks, split_rows
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

MOST = 3
"""Products in the largest next basket."""

Products = Annotated[tuple[Annotated[Word, Field(pattern=r"^\S+$")], ...], Field(min_length=3)]


class Till(Side):
    """The log of purchases."""

    customer: Text
    product: Text
    hour: Text


class Catalogue(Side):
    """What the shop sells."""

    code: Text
    sort: Text
    price: Amount


class ItemHints(Frozen):
    """A practitioner's remarks."""

    due: Hints
    companion: Hints
    taste: Hints
    price: Hints


class ItemRanges(Ranges):
    """How far the knobs range; shares are of the variance of the utility."""

    strength: tuple[float, float] = (2.6, 3.0)
    """Standard deviation of the utility, where that of the noise is 1.28."""
    popular: ShareRange = (0.05, 0.08)
    taste: ShareRange = (0.11, 0.14)
    due: ShareRange = (0.29, 0.33)
    companion: ShareRange = (0.12, 0.15)


class ItemCard(SeedCard):
    """A card of this family."""

    target: Text
    circle: Category
    plan: Amount
    since: Quantity
    """A number that tells nothing; no two customers are alike in it and the plan."""
    others: tuple[Category, ...] = Field(min_length=1)
    """Further columns that tell nothing."""
    till: Till
    catalogue: Catalogue
    products: Mapping[Word, Products]
    """Sort -> its products, each a word without a blank."""
    ranges: ItemRanges = ItemRanges()
    hints: ItemHints

    @field_validator("products")
    @classmethod
    def _enough(cls, products: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        names = [name for listed in products.values() for name in listed]
        if len(set(names)) < len(names) or not 16 <= len(names) <= 40 or len(products) < 4:
            raise ValueError("a shop has 16 to 40 different products of at least 4 sorts")
        return products


class ItemKnobs(Knobs):
    """The knobs of a task."""

    target: Text
    circle: Category
    plan: Amount
    since: Quantity
    others: tuple[Category, ...]
    till: Till
    catalogue: Catalogue
    products: Mapping[Word, Products]
    hints: ItemHints
    strength: float
    shares: Shares


class RankingItems(Family):
    """The target is a list of products."""

    name = "ranking_items"
    metrics: ClassVar = dict.fromkeys(("map_at_k", "mrr_at_k", "recall_at_k"), Form.RANKING)
    card = ItemCard
    knobs = ItemKnobs
    trains = "Turn a raw log into features of customer and product together: rhythm, company, taste, price."
    exploits = (
        "Listing the best sellers for everybody is the trivial witness, which earns nothing.",
        "Listing what a customer bought most is found by the competent witness; much of it is not due.",
        "The log ends before the baskets that are asked for begin: it does not hold them.",
    )

    def derive(self, card: ItemCard, rng: np.random.RandomState, attempt: int) -> ItemKnobs:
        """Choose the shares; later attempts have stronger utilities."""
        drawn = {
            name: round(low + (high - low) * rng.random_sample(), 4)
            for name, (low, high) in card.ranges
            if name != "train_rows"
        }
        strength = drawn.pop("strength") * 1.05**attempt
        kept = (
            "target",
            "circle",
            "plan",
            "since",
            "others",
            "till",
            "catalogue",
            "products",
            "hints",
        )
        return ItemKnobs.model_validate(
            {
                **common(card, rng, public_rows=150, private_rows=1200),
                **{name: getattr(card, name) for name in kept},
                "strength": round(strength, 4),
                "shares": {**drawn, "price": round(1 - sum(drawn.values()), 4)},
            }
        )

    def insights(self, card: ItemCard) -> Sequence[Insight]:
        """Name the effects."""
        till, catalogue = f"`{card.till.file}`", f"`{card.catalogue.file}`"
        return (
            Insight(
                till, "rhythm", "every product is bought again after about one cycle of its own"
            ),
            Insight(till, "company", "what was bought last calls for one certain other product"),
            Insight(
                f"`{card.circle.name}`, {catalogue}", "taste", "each circle prefers certain sorts"
            ),
            Insight(
                f"`{card.plan.name}`, {catalogue}",
                "price",
                "the best price is the one nearest the plan, in relative terms",
            ),
        )

    def compose(self, knobs: ItemKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Let the customers shop, and fill the next baskets."""
        names = [name for listed in knobs.products.values() for name in listed]
        sizes = [len(listed) for listed in knobs.products.values()]
        sorts = np.repeat(np.arange(len(sizes)), sizes)
        shop = open_shop(len(ids), sorts, len(knobs.circle.levels), *key)
        wish = utility(shop.effects, knobs.shares, knobs.strength)
        rng = stream(*key, "baskets")
        order = (-(wish + gumbel(rng, wish.shape))).argsort(axis=1, kind="stable")
        count = 1 + rng.randint(MOST, size=len(ids))
        target, depth = knobs.target.name, int(knobs.metric.params["k"])
        ranked = (-wish).argsort(axis=1, kind="stable")[knobs.train_rows :, :depth]
        columns = _columns(knobs, shop, stream(*key, "others")) | {
            target: [
                " ".join(names[k] for k in row[:some])
                for row, some in zip(order.tolist(), count.tolist(), strict=True)
            ]
        }
        train, test = split_rows(columns, knobs.train_rows)
        return Drawn(
            train=train,
            truth={target: test.pop(target)},
            test=test,
            oracle={target: [" ".join(names[k] for k in row) for row in ranked.tolist()]},
            sample={target: " ".join(sorted(names)[:depth])},
            cell_chars=400,
            statement=_state(knobs, list(columns), key),
            witnesses=_witnesses(knobs, depth),
            files={**_till(knobs, shop, names, ids), **_catalogue(knobs, shop, names)},
        )


def _columns(knobs: ItemKnobs, shop: Shop, rng: np.random.RandomState) -> dict[str, Sequence[str]]:
    others = {
        other.name: words(other.levels, rng.randint(len(other.levels), size=len(shop.plan))).text()
        for other in knobs.others
    }
    return {
        knobs.circle.name: words(knobs.circle.levels, shop.circle).text(),
        knobs.plan.name: knobs.plan.cells(knobs.plan.scaled(shop.plan)).text(),
        knobs.since.name: knobs.since.cells(
            knobs.since.scaled(rng.normal(size=len(shop.plan)))
        ).text(),
        **others,
    }


def _till(
    knobs: ItemKnobs, shop: Shop, names: list[str], ids: Sequence[str]
) -> Mapping[str, bytes]:
    log = shop.log
    hours = Cells(log.hour.astype(float), 0).text()
    return knobs.till.write(pick(ids, log.customer), words(names, log.product).text(), hours)


def _catalogue(knobs: ItemKnobs, shop: Shop, names: list[str]) -> Mapping[str, bytes]:
    sorts = [sort for sort, listed in knobs.products.items() for _ in listed]
    price = knobs.catalogue.price
    cells = price.cells(price.scaled(shop.price)).text()
    order = sorted(range(len(names)), key=lambda place: names[place])
    return knobs.catalogue.write(
        *([column[place] for place in order] for column in (names, sorts, cells))
    )


def _state(knobs: ItemKnobs, columns: Sequence[str], key: tuple[Label, ...]) -> Statement:
    till, catalogue, target = knobs.till, knobs.catalogue, knobs.target
    about = {
        text.name: text.about for text in (knobs.circle, knobs.plan, knobs.since, *knobs.others)
    }
    about[target.name] = f"{target.about}; separated by spaces (train only)"
    return Statement(
        task=f"Recommend products: for each of the {knobs.noun} in `test.csv`, list what they are most "
        f"likely to buy next, `{target.name}`.",
        targets=(target.name,),
        columns={name: about[name] for name in columns}
        | {
            text.name: f"{text.about} (`{side.file}`)"
            for side in (till, catalogue)
            for text in side.columns
        },
        files={side.file: side.about for side in (till, catalogue)},
        hints=remarks(knobs.hints, key),
    )


def _witnesses(knobs: ItemKnobs, depth: int) -> dict[str, str]:
    """Tiers: best sellers; habits; rhythm or company; both and taste; the right form of all and of price."""
    till, catalogue, target = knobs.till, knobs.catalogue, knobs.target.name
    key, sort, price = knobs.id_column, catalogue.sort.name, catalogue.price.name
    read = (
        f'goods = pd.read_csv("{catalogue.file}")\n'
        f'items = pd.Index(goods["{catalogue.code.name}"])\n'
        f'baskets = next_baskets(train["{target}"], items)\n'
    )
    habits = (
        "both = pd.concat([train, test], ignore_index=True)\n"
        f'users = pd.Index(both["{key}"])\n'
        f'row, column, hour, count, last = bought(pd.read_csv("{till.file}"), users, items)\n'
        "shape = count.shape\n"
        f"since = np.where(last < 0, {2 * 24 * 90}, {24 * 90} - last)\n"
        "sold, taken = popularity(baskets, count)\n"
        f'circle = both["{knobs.circle.name}"]\n'
        "groups = pd.get_dummies(circle, dtype=float).to_numpy().T[:, :, None]\n"
        f'kinds = pd.get_dummies(goods["{sort}"], dtype=float).to_numpy().T\n'
        f'plan = np.log(both["{knobs.plan.name}"].to_numpy())[:, None]\n'
        f'price = np.log(goods["{price}"].to_numpy())\n'
        "columns = [count, since, sold, taken, plan, price, *groups, *kinds]\n"
    )
    company = "columns += [companions(row, column, hour, len(items), len(users))]\n"
    rhythm = (
        "ratio = np.minimum(since / cycles(row, column, hour, len(items)), 4)\ncolumns += [ratio]\n"
    )
    taste = f'columns += [tastes(row, column, circle, goods["{sort}"])]\n'
    fit = "scores = pointwise(spread_out(columns, shape), baskets)\n"
    write = f'answer = {{"{target}": best_items(scores, items, {depth})}}\n'
    form = (
        "due = np.exp(-(((ratio - 1) / 0.4) ** 2)) * (last >= 0)\n"
        f'taste = tastes(row, column, circle, goods["{sort}"])\n'
        "company = companions(row, column, hour, len(items), len(users))\n"
        "columns = [sold, taken, taste, company, due, (price - plan) ** 2]\n"
        "scores = choice_model(spread_out(columns, shape), baskets)\n"
    )
    return programs(
        knobs,
        read,
        {
            "trivial": (
                f"scores = np.tile(baskets.sum(axis=0), (len(test), 1))\n{write}",
                "the best sellers for everybody",
            ),
            "competent": (habits + fit + write, "a blend on counts, recency and raw columns"),
            "insight": (
                habits + rhythm + fit + write,
                "the same with time since purchase in cycles",
            ),
            "insights": (
                habits + rhythm + company + taste + fit + write,
                "the same with what follows what, and the taste of circles",
            ),
            "expert": (
                habits + rhythm + form + write,
                "a choice model in the right functional form",
            ),
        },
    )


FAMILY = RankingItems()
