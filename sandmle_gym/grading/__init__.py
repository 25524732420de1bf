"""Submission bytes in, a `Grade` out; the only place where answers and an agent's file meet."""

from sandmle_gym.grading.grade import Code, Grade, Problem, medal_of, share_beaten
from sandmle_gym.grading.grader import Grader, Submission, get_grader
from sandmle_gym.grading.parse import Answers, Scored, parse
from sandmle_gym.grading.process import WorkerLimits

__all__ = [
    "Answers",
    "Code",
    "Grade",
    "Grader",
    "Problem",
    "Scored",
    "Submission",
    "WorkerLimits",
    "get_grader",
    "medal_of",
    "parse",
    "share_beaten",
]
