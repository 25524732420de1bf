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


@pytest.mark.slow
@pytest.mark.parametrize("card_name", GOOD)
def test_each_witness_beats_the_one_below(card_name, draw, tmp_path):
    bundle = draw(card_name, GOOD[card_name])
    for name, data in bundle.public.items():
        (tmp_path / name).write_bytes(data)
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    scores = []
    for tier in TIERS:
        code = bundle.private.witnesses[tier]
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path,
            env={**os.environ, **single},
            check=True,
        )
        submission = (tmp_path / "submission.csv").read_bytes()
        scored = parse(bundle.brief, bundle.private.answers, submission)
        scores.append(scored.metric.signed(scored.score()))
    best = parse(bundle.brief, bundle.private.answers, bundle.private.oracle)
    scores.append(best.metric.signed(best.score()))
    assert scores[:-1] == sorted(set(scores[:-1]))
    assert scores[-2] <= scores[-1] + best.standard_error()
