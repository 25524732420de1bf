"""A seed card for people: what it trains, what is hidden, how far it ranges. Generated, never edited."""

from collections.abc import Iterable

from sandmle_gym.families.card import SeedCard
from sandmle_gym.families.registry import get_family


def readme(card: SeedCard) -> str:
    """Write the `README.md` beside a card's `seed.toml`."""
    family = get_family(card.family)
    metrics = ", ".join(f"`{metric.name}`" for metric in card.metrics)
    insights = "\n".join(
        f"| {found.where} | {found.kind} | {found.hidden} |" for found in family.insights(card)
    )
    return f"""# {card.title}

*{card.domain}; {card.split} split; {card.modality}, family `{card.family}`*

{card.story.strip()}

For people; agents never see this file. Generated from `seed.toml` and the family.

## What it trains

{family.trains}

Metrics: {metrics}.

## Insights and traps

| where | kind | what is hidden |
| --- | --- | --- |
{insights}

## Knobs

{_listed(f"{name}: {_range(value)}" for name, value in card.ranges)}

## Known exploits

{_listed(family.exploits)}

## History

{_listed(card.history)}
"""


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)


def _range(value: object) -> str:
    if isinstance(value, tuple) and len(value) == 2:
        return f"{value[0]} to {value[1]}"
    return str(value)
