"""Laws of tabular tasks alone."""

import re

from sandmle_gym.families.registry import get_family


def test_a_description_holds_no_word_that_gives_an_insight_away(table):
    knobs = get_family(table.brief.family).knobs.model_validate(table.private.spec.knobs)
    text = table.public["description.md"].decode()
    told = text.split("## Evaluation")[0].lower()
    hints = told[told.rindex("\n## ") :]
    spoilers = [word for part in (*knobs.units, *knobs.blocks) for word in part.spoilers]
    assert hints.count("* ") >= len(knobs.units) + len(knobs.traps)
    assert [word for word in spoilers if re.search(rf"\b{word}", hints)] == []
    assert not re.search(r"\d", hints)
    assert not re.search(r"log\(|exp\(|sqrt|\bcos\b|noise|bayes|latent", told)
    hidden = [knobs.noise, knobs.linear_share, *knobs.unit_shares, *knobs.block_shares]
    hidden += [*getattr(knobs.target, "cuts", ()), getattr(knobs.target, "cut", 0.12345)]
    assert not {f"{abs(number):g}" for number in hidden} & set(re.findall(r"\d*\.\d+", text))
