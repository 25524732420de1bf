"""Climb the ladder: run every witness in the sandbox and measure each step against the one below."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from sandmle_gym.bundle import TIERS, Gate
from sandmle_gym.certify import witness
from sandmle_gym.certify.bootstrap import Resamples, standard_error
from sandmle_gym.certify.evidence import Evidence
from sandmle_gym.certify.gates import hopeless
from sandmle_gym.certify.ladder import ORACLE, Ladder, Step
from sandmle_gym.certify.witness import Desk
from sandmle_gym.errors import UndefinedScoreError, UserError


@dataclass(frozen=True)
class Run:
    """One valid submission, scored; scores are signed, larger is better."""

    score: float
    prediction: np.ndarray
    """Of the private rows, as the metric takes it."""
    bootstrap: Callable[[np.ndarray], np.ndarray]
    """Scores a prediction on every resample; the resamples are the same for all runs of a task."""
    seconds: float | None = None

    @cached_property
    def resampled(self) -> np.ndarray:
        """Its score on every resample; dear, so only the run that stands for its tier is asked."""
        return self.bootstrap(self.prediction)


@dataclass
class Climber:
    """The witnesses of one task, and what they have scored so far."""

    evidence: Evidence
    desk: Desk
    oracle: bytes
    """The best possible submission, or the best known one."""
    tiers: tuple[str, ...] = TIERS
    """Worst to best; the task holds a witness for each."""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Tier -> why it left no valid submission."""

    def climb(self, *, stop_early: bool = False) -> Ladder | None:
        """Run all witnesses, seed 0 of each tier first; None if one of them failed.

        With `stop_early`, further seeds are left out when the first runs already show a gap that
        they cannot mend.
        """
        for tier in self.tiers:
            self._run(tier, witness.SEEDS[0])
        if self.problems:
            return None
        if stop_early and hopeless(ladder := self.ladder()):
            return ladder
        for tier in self.tiers:
            for seed in witness.seeds_of(self._program(tier))[1:]:
                self._run(tier, seed)
        return None if self.problems else self.ladder()

    def ladder(self) -> Ladder:
        """Measure the runs so far; of several seeds, the run with the median score is the tier."""
        typical = {tier: _median(self.runs[tier]) for tier in self.tiers}
        bottom = below = typical[self.tiers[0]]
        steps: list[Step] = []
        for tier, run in typical.items():
            step = _step(tier, run, below, bottom)
            scores = [other.score for other in self.runs[tier]]
            seed_sd = float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0
            seconds = max(other.seconds or 0.0 for other in self.runs[tier])
            steps.append(replace(step, seed_sd=seed_sd, seconds=seconds))
            below = run
        top = _step(ORACLE, self._oracle_run, below, bottom)
        return Ladder(tuple(steps), top, self.evidence.metric.greater_is_better)

    def witnesses_run(self) -> Gate:
        """Every witness runs in the sandbox and leaves a valid submission."""
        failed = "; ".join(f"{tier}: {why}" for tier, why in self.problems.items())
        detail = failed or f"all {len(self.tiers)} witnesses left a valid submission"
        return Gate(name="witnesses_run", passed=not failed, detail=detail)

    def _program(self, tier: str) -> str:
        return self.evidence.bundle.private.witnesses[tier]

    def _run(self, tier: str, seed: int) -> None:
        cap = self.evidence.schema.max_bytes
        ran = witness.run(self.desk, self._program(tier), seed=seed, max_bytes=cap)
        run = ran.problem if ran.submission is None else self._score(ran.submission, ran.seconds)
        if isinstance(run, str):
            self.problems[tier] = run
        else:
            self.runs.setdefault(tier, []).append(run)

    @cached_property
    def _oracle_run(self) -> Run:
        run = self._score(self.oracle)
        if isinstance(run, str):
            raise UserError(f"the oracle of the task is not a valid submission: {run}")
        return run

    @cached_property
    def _bootstrap(self) -> Callable[[np.ndarray], np.ndarray]:
        evidence = self.evidence
        resamples = Resamples.draw(len(evidence.truth), evidence.bundle.digest)
        return partial(resamples.scores, evidence.metric, evidence.truth)

    def _score(self, submission: bytes, seconds: float | None = None) -> Run | str:
        metric, rows = self.evidence.metric, self.evidence.submitted(submission)
        if isinstance(rows, str):
            return rows
        try:
            score = metric.signed(metric(self.evidence.truth, rows))
        except UndefinedScoreError as error:
            return str(error)
        return Run(score, rows, self._bootstrap, seconds)


def _median(runs: list[Run]) -> Run:
    return sorted(runs, key=lambda run: run.score)[len(runs) // 2]


def _step(tier: str, run: Run, below: Run, bottom: Run) -> Step:
    return Step(
        tier,
        run.score,
        error=standard_error(run.resampled),
        gap_error=standard_error(run.resampled - below.resampled),
        lead_error=standard_error(run.resampled - bottom.resampled),
    )
