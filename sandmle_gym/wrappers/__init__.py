"""Wrappers for Gymnasium: numbers in place of text for classic RL, a limit of tokens, a record on disk."""

from sandmle_gym.wrappers.recipe import RecipeActions
from sandmle_gym.wrappers.record import RecordTrajectory
from sandmle_gym.wrappers.tokens import TokenLimit

__all__ = ["RecipeActions", "RecordTrajectory", "TokenLimit"]
