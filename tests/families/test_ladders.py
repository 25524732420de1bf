"""One whole ladder per family: every witness program runs, and each tier scores better than the one below."""

import os
import subprocess
import sys

import pytest

from sandmle_gym.bundle import TIERS
from sandmle_gym.grading import parse

GOOD = {
    "greenhouse-tomatoes": 0,
    "ferry-freight": 0,
    "parcel-claims": 1,
    "ticket-routing": 0,
    "hull-coatings": 0,
}
"""A card of each family, and an index whose first attempt is a good ladder."""


RUN = """
import sys
from pathlib import Path
for tier in sys.argv[1:]:
    exec(compile(Path(tier + ".py").read_text(), tier, "exec"), {})
    Path("submission.csv").rename(tier + ".csv")
"""


@pytest.mark.slow
@pytest.mark.parametrize("card_name", GOOD)
def test_each_witness_beats_the_one_below(card_name, draw, tmp_path):
    bundle = draw(card_name, GOOD[card_name])
    for name, data in bundle.public.items():
        (tmp_path / name).write_bytes(data)
    for tier, code in bundle.private.witnesses.items():
        (tmp_path / f"{tier}.py").write_text(code)
    subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, *TIERS],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=True,
    )
    submissions = [(tmp_path / f"{tier}.csv").read_bytes() for tier in TIERS]
    steps = [parse(bundle.brief, bundle.private.answers, data) for data in submissions]
    best = parse(bundle.brief, bundle.private.answers, bundle.private.oracle)
    scores = [step.metric.signed(step.score()) for step in steps]
    assert scores == sorted(set(scores))
    assert scores[-1] <= best.metric.signed(best.score()) + best.standard_error()
