"""Grades to rewards, by name: `paper`, `release`, `sparse`, `score`, `rank`; or any function like them.

An episode is paid once, at its end. A reward is the sum of named parts, so that a trainer can log
what it consists of. `format_rate`, in [0, 1], is the share of actions that the protocol found
well-formed.
"""
# ruff: noqa: ARG001  (every reward takes the same arguments, whether or not it needs them)

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sandmle_gym.errors import UnknownNameError, UserError
from sandmle_gym.metrics import Metric
from sandmle_gym.spec import MEDALS, Milestones

if TYPE_CHECKING:
    from sandmle_gym.grading import Grade


@dataclass(frozen=True)
class Reward:
    """What reinforcement learning sees, and what it consists of."""

    total: float
    parts: Mapping[str, float]
    """Term -> value; they sum to `total`."""

    @classmethod
    def of(cls, **parts: float) -> "Reward":
        """The sum of these parts."""
        return cls(math.fsum(parts.values()), parts)


class RewardFunction(Protocol):
    """Pays an episode that ended with this grade."""

    def __call__(
        self, grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float
    ) -> Reward:
        """Return the reward."""
        ...


UserReward = Callable[["Grade", Milestones, Metric, float], "Reward | float"]
"""A reward function of someone else; a plain number becomes the only part."""


def paper(grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float) -> Reward:
    """0.1 format + 0.3 valid + 0.1 median + 0.2 bronze + 0.2 silver + 0.1 gold, each tier on top; in [0, 1].

    The milestone reward of the paper (arXiv 2604.04872), with "executes" read as: a valid submission
    is there.
    """
    return _ladder(grade, format_rate, valid=0.3, median=0.1, bronze=0.2, silver=0.2, gold=0.1)


def release(grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float) -> Reward:
    """0.1 format + 0.2 valid, 0.3 median, 0.7 bronze, 0.8 silver or 0.9 gold; in [0, 1].

    The ladder of the released code (`deepresearch_workflow.py`, lines 230-339), whose large step is at
    bronze where the paper spreads it. A score that is not finite is invalid here, not "valid" as there.
    """
    return _ladder(grade, format_rate, valid=0.2, median=0.1, bronze=0.4, silver=0.1, gold=0.1)


def sparse(grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float) -> Reward:
    """0.1 format + 0.9 gold; in [0, 1].

    The ablation without milestones (`deepresearch_workflow.py`, lines 341-372).
    """
    return _ladder(grade, format_rate, gold=0.9)


def score(grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float) -> Reward:
    """The score on a line from the trivial submission (0) to the best possible one (1), cut to [0, 1].

    An invalid submission earns 0, as a trivial one does. Where trivial and best coincide, reaching the
    best earns 1.
    """
    if grade.score is None:
        return Reward.of(score=0.0)
    low, high = metric.signed(milestones.trivial), metric.signed(milestones.ceiling)
    gained, span = metric.signed(grade.score) - low, high - low
    share = gained / span if span > 0 else float(gained >= 0)
    return Reward.of(score=min(max(share, 0.0), 1.0))


def rank(grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float) -> Reward:
    """The share of the task's leaderboard that the score beats, equal ones counting half; in [0, 1].

    HumanRank of MLE-Dojo, on the synthetic leaderboard that a frozen or streamed task carries. An
    invalid submission earns 0.

    Raises:
        UserError: The task has no leaderboard.
    """
    if grade.score is not None and grade.beaten is None:
        raise UserError("this task has no leaderboard, so there is no rank; choose another reward")
    return Reward.of(rank=grade.beaten or 0.0)


_REWARDS: dict[str, RewardFunction] = {
    function.__name__: function for function in (paper, release, sparse, score, rank)
}


def reward_names() -> tuple[str, ...]:
    """The names that `get_reward` knows; `paper` is the default everywhere."""
    return tuple(_REWARDS)


def get_reward(reward: str | UserReward = "paper") -> RewardFunction:
    """Look a reward up by name, or wrap a function of your own.

    The result checks what passes through it: it raises `UserError` for a format rate outside [0, 1] and
    for a reward that is no finite number.

    Raises:
        UnknownNameError: No reward has this name.
    """
    if isinstance(reward, str) and reward not in _REWARDS:
        raise UnknownNameError("reward", reward, _REWARDS)
    function: UserReward = _REWARDS[reward] if isinstance(reward, str) else reward
    name = getattr(function, "__name__", type(function).__name__)

    def checked(
        grade: "Grade", milestones: Milestones, metric: Metric, format_rate: float
    ) -> Reward:
        if not 0 <= format_rate <= 1:
            raise UserError(f"the format rate is {format_rate}, not between 0 and 1")
        value = function(grade, milestones, metric, format_rate)
        paid = value if isinstance(value, Reward) else Reward.of(**{name: _number(name, value)})
        if not math.isfinite(paid.total):
            raise UserError(f"the reward {name!r} returned {paid.total}, not a finite number")
        return paid

    return checked


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UserError(
            f"the reward {name!r} returned {value!r}, neither a number nor a Reward"
        ) from error


def _ladder(grade: "Grade", format_rate: float, **steps: float) -> Reward:
    """Add up the steps that the grade has climbed; a step is "valid" or a tier."""
    reached = {"valid": grade.valid}
    for tier in MEDALS[1:]:
        reached[tier] = grade.valid and MEDALS.index(grade.medal) >= MEDALS.index(tier)
    climbed = {step: value * reached[step] for step, value in steps.items()}
    return Reward.of(format=0.1 * format_rate, **climbed)
