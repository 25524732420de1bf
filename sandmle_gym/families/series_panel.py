"""Forecast many related daily series: a history of places and days, four weeks ahead, plans known."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from sandmle_gym.families import oracle
from sandmle_gym.families.card import Ranges, SeedCard
from sandmle_gym.families.description import Statement
from sandmle_gym.families.family import Drawn, Family, Insight, Knobs, common
from sandmle_gym.families.series.forecasts import HISTORY, programs
from sandmle_gym.families.series.panel import WAKE_DAYS, Effects, Panel, Rhythm, draw_panel
from sandmle_gym.families.table import Category, Cells, Text, words, write_csv
from sandmle_gym.families.wording import HEADINGS, one, opening, remarks, within
from sandmle_gym.seeding import Label, stream
from sandmle_gym.spec import Form, Frozen

Hints = Annotated[tuple[str, ...], Field(min_length=1)]

PRIVATE_ROWS = 1000


class Amount(Text):
    """The target: positive, log-normal around its typical size."""

    typical: float = Field(gt=0)
    digits: int = Field(default=1, ge=0, le=3)


class Place(Text):
    """The column that names the place."""

    prefix: str = Field(pattern="^[A-Z]{1,3}$")


class Remarks(Frozen):
    """What practitioners say, by topic; one of each list is used."""

    price: Hints
    rhythm: Hints
    wake: Hints
    own: Hints
    closed: Hints


class PanelRanges(Ranges):
    """How far the knobs range."""

    train_rows: tuple[int, int] = (160, 200)
    strength: tuple[float, float] = (0.85, 1.15)
    """Factor on the effects of price, deals, their wake and the rhythm, drawn for each."""


class PanelCard(SeedCard):
    """A card for one panel of places."""

    target: Amount
    place: Place
    day: Text
    price: Text
    deal: Category
    first: date
    places: int = Field(ge=24, le=50)
    past: int = Field(ge=80, le=200)
    """Days before the forecast."""
    ahead: int = Field(ge=14, le=40)
    effects: Effects
    rhythm: Rhythm
    remarks: Remarks
    ranges: PanelRanges = PanelRanges()


class PanelKnobs(Knobs):
    """All that decides a task."""

    target: Amount
    place: Place
    day: Text
    price: Text
    deal: Category
    first: date
    places: int
    past: int
    ahead: int
    effects: Effects
    rhythm: Rhythm
    remarks: Remarks


class SeriesPanel(Family):
    """The target is log-normal around additive effects; places share them up to their own accents."""

    name = "series_panel"
    metrics: ClassVar = dict.fromkeys(
        ("rmsle", "smape", "mape", "mae", "rmse", "pinball"), Form.VALUE
    )
    card = PanelCard
    knobs = PanelKnobs
    trains = (
        "Forecast a panel: work in logarithms, put every series on its own scale, find the rhythms of "
        "the calendar and the echo of events, and borrow strength from the other series."
    )
    exploits = (
        "The last known value is a poor forecast: every day has noise of its own.",
        "Test rows are in random order and their ids are drawn at random.",
        "Days of zero are in the past only; the places are open on every day that is asked for.",
    )

    def derive(self, card: PanelCard, rng: np.random.RandomState, attempt: int) -> PanelKnobs:
        """Set the knobs; later attempts have less noise."""
        rows = card.places * card.ahead
        settings = common(card, rng, public_rows=rows - PRIVATE_ROWS, private_rows=PRIVATE_ROWS)
        low, _ = card.ranges.train_rows
        days = max(settings["train_rows"] // card.places, -(-low // card.places))
        varied = ("price", "deal", "wake", "rhythm")
        given = card.effects.model_dump()
        effects = {
            **given,
            **{name: round(given[name] * within(rng, card.ranges.strength), 4) for name in varied},
            "noise": round(given["noise"] * 0.9**attempt, 4),
        }
        copied = ("target", "place", "day", "price", "deal", "first", "places", "past", "ahead")
        return PanelKnobs(
            **{**settings, "train_rows": days * card.places},
            **{name: getattr(card, name) for name in (*copied, "rhythm", "remarks")},
            effects=Effects.model_validate(effects),
        )

    def compose(self, knobs: PanelKnobs, key: tuple[Label, ...], ids: Sequence[str]) -> Drawn:
        """Draw the panel and deal its days out to the files."""
        del ids
        shape = (knobs.places, knobs.past + knobs.ahead)
        kinds = len(knobs.deal.levels) - 1
        panel = draw_panel(knobs.effects, knobs.rhythm, knobs.first, shape, kinds, *key)
        recent = knobs.train_rows // knobs.places
        test = _rows(knobs, panel, (knobs.past, shape[1]), stream(*key, "test"))
        train = _rows(knobs, panel, (knobs.past - recent, knobs.past), stream(*key, "train"))
        before = _rows(knobs, panel, (0, knobs.past - recent), None)
        mean = test.mean + np.log(knobs.target.typical)
        best = oracle.positive_values(knobs.metric, mean, knobs.effects.noise)
        name = knobs.target.name
        return Drawn(
            train={**train.columns, name: train.target},
            test=test.columns,
            truth={name: test.target},
            oracle={name: [f"{value:.6g}" for value in best]},
            sample={name: f"{knobs.target.typical:g}"},
            statement=_statement(knobs, stream(*key, "description")),
            witnesses=programs(knobs),
            files={HISTORY: write_csv({**before.columns, name: before.target})},
        )

    def insights(self, card: PanelCard) -> Sequence[Insight]:
        """List what the history hides."""
        day, deal = f"`{card.day.name}`", f"`{card.deal.name}`"
        rhythm = {
            "month": "the days after one day of the month are better, less and less so",
            "rota": f"a rota of {card.rhythm.days} days runs besides the week",
        }
        return (
            Insight(
                f"`{card.price.name}`",
                "relative",
                "the price acts relative to what the place usually asks",
            ),
            Insight(day, "rhythm", rhythm[card.rhythm.kind]),
            Insight(deal, "wake", f"it is still felt for {WAKE_DAYS} days, less and less so"),
            Insight(
                f"`{card.place.name}`",
                "own accents",
                "effects and trends differ by place, around common ones",
            ),
            Insight(f"`{HISTORY}`", "closed days", "zeros are days without opening, not bad days"),
        )


class _Rows(NamedTuple):
    """Some days of all places, as cells."""

    columns: dict[str, list[str]]
    target: list[str]
    mean: np.ndarray
    """Of the logarithm, without the typical size."""


def _rows(
    knobs: PanelKnobs, panel: Panel, days: tuple[int, int], rng: np.random.RandomState | None
) -> _Rows:
    """Return the days from the first to before the last, shuffled by `rng` or else place by place.

    Only the ordered rows, which are the distant past, have closed days.
    """
    first, last = days
    place, day = (grid.ravel() for grid in np.mgrid[: knobs.places, first:last])
    if rng is not None:
        order = rng.permutation(len(place))
        place, day = place[order], day[order]
    sold = np.exp(panel.log[place, day]) * knobs.target.typical
    if rng is None:
        sold = np.where(panel.closed[place, day], 0, sold)
    dates = [moment.isoformat() for moment in panel.days]
    columns = {
        knobs.place.name: [f"{knobs.place.prefix}{k + 11}" for k in place.tolist()],
        knobs.day.name: [dates[k] for k in day.tolist()],
        knobs.price.name: Cells(panel.price[place, day], 2).text(),
        knobs.deal.name: words(knobs.deal.levels, panel.deal[place, day]).text(),
    }
    target = Cells(np.round(sold, knobs.target.digits), knobs.target.digits).text()
    return _Rows(columns, target, panel.mean[place, day])


def _statement(knobs: PanelKnobs, rng: np.random.RandomState) -> Statement:
    target, said = knobs.target, knobs.remarks
    texts = (knobs.place, knobs.day, knobs.price, knobs.deal)
    what = f"`{target.name}` ({target.about})"
    last = knobs.first + timedelta(days=knobs.past - 1)
    task = (
        opening(rng, what, knobs.noun, knobs.train_rows, knobs.public_rows + knobs.private_rows)
        + f" They are the {knobs.ahead} days after {last.isoformat()}, of the same "
        f"{knobs.places} places; `train.csv` holds the days just before, and `{HISTORY}` all earlier ones."
    )
    return Statement(
        task=task,
        targets=(target.name,),
        columns={
            **{text.name: text.about for text in texts},
            target.name: f"{target.about} (not in `test.csv`)",
        },
        hints=remarks(rng, (said.price, said.rhythm, said.wake, said.own, said.closed)),
        files={HISTORY: "the columns of `train.csv` without the id, for the days before it"},
        heading=one(rng, HEADINGS),
    )


FAMILY = SeriesPanel()
