"""The witness ladder of a panel forecast: one line for all, rhythm, price and wake, then own accents.

The longer rhythm is the first step because it is the same everywhere: the gain from relative prices
lies in a few places, and places, not days, are what another draw would change.
"""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses
from sandmle_gym.families.series.panel import WAKE_DAYS

HISTORY = "history.csv"


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `series_panel`."""
    target, metric = knobs.target.name, knobs.metric
    names = f'place="{knobs.place.name}", day="{knobs.day.name}"'
    load = (
        f'past = pd.concat([pd.read_csv("{HISTORY}"), train])\n'
        f'days = daily_table(past[past["{target}"] > 0], test, {names})\n'
        f'target = np.log(days.pop("{target}").to_numpy())\n'
    )
    grouped = (knobs.place.name, "weekday", knobs.deal.name)
    level = f"parts = [dummies(days, column) for column in {list(grouped)}]\n"
    raw = f'parts.append(days["{knobs.price.name}"].to_numpy()[:, None])\n'
    price = f'relative = relative_log(days, "{knobs.price.name}", "{knobs.place.name}")\n'
    wake = (
        f'running = grid(pd.concat([past, test]), "{knobs.deal.name}", {names})\n'
        f'running = running.ne("{knobs.deal.levels[0]}")\n'
        f'parts.append(wake(days["{knobs.place.name}"], days["{knobs.day.name}"], running, {WAKE_DAYS}))\n'
    )
    rhythm = {
        "month": 'parts.append(dummies(days, "monthday"))\n',
        "rota": f'days["turn"] = days["number"] % {knobs.rhythm.days}\nparts.append(dummies(days, "turn"))\n',
    }[knobs.rhythm.kind]
    quantile = f", quantile={metric.params['quantile']:g}" if metric.params else ""
    fit = (
        "mean, spread = ridge_forecast(np.column_stack(parts), target, penalty=1.0)\n"
        f'answer = {{"{target}": from_log(mean, spread, "{metric.name}"{quantile})}}\n'
    )
    loss = f"partial({metric.name}{quantile})" if quantile else metric.name
    accents = (
        f'own = dummies(days, "{knobs.place.name}")\n'
        'trend = (days["number"] - days["number"].mean()).to_numpy()[:, None] / 100\n'
        f'deal = (days["{knobs.deal.name}"] != "{knobs.deal.levels[0]}").to_numpy(float)[:, None]\n'
        "common = np.column_stack(parts)\n"
        'usual = shared_effect(dummies(days, "weekday"), common, target)[:, None]\n'
        "parts += [own * relative, own * deal, own * usual, own * trend]\n"
    )
    return witnesses(
        knobs,
        {
            "trivial": (
                "the best constant",
                f'past = pd.read_csv("{HISTORY}")["{target}"]\n'
                f'answer = {{"{target}": best_constant(past[past > 0].to_numpy(), {loss})}}\n',
            ),
            "competent": (
                "a line through places, weekdays, deals and prices, in logarithms",
                load + level + raw + fit,
            ),
            "insight": (
                "the same with the longer rhythm of the calendar",
                f"{load}{level}{raw}{rhythm}{fit}",
            ),
            "insights": (
                "relative prices, the longer rhythm, and the wake of deals",
                f"{load}{level}{price}parts.append(relative)\n{rhythm}{wake}{fit}",
            ),
            "expert": (
                "every place with its own accents and trend, shrunk towards those of all",
                f"{load}{level}{price}parts.append(relative)\n{rhythm}{wake}{accents}" + fit,
            ),
        },
    )
