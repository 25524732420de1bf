"""Laws of the exception tree."""

import inspect

import pytest

from sandmle_gym import errors
from sandmle_gym.errors import SandMLEError, UnknownNameError, UserError

ALL = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and value.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", ALL)
def test_every_exception_belongs_to_the_tree_that_the_docstring_draws(error):
    assert issubclass(error, SandMLEError)
    assert error.__name__ in errors.__doc__
    assert error.__doc__


def test_a_callers_error_is_a_value_error():
    assert issubclass(UserError, ValueError)


def test_a_near_miss_is_answered_with_what_was_meant():
    error = UnknownNameError("metric", "rsme", ["rmse", "log_loss"])
    assert str(error) == "unknown metric 'rsme'; did you mean rmse?"
    assert (error.kind, error.name) == ("metric", "rsme")


def test_a_far_miss_is_answered_with_what_there_is():
    assert str(UnknownNameError("task", "zzz", ["aa", "bb"])) == "unknown task 'zzz'; known: aa, bb"
    assert str(UnknownNameError("task", "zzz", map(str, range(50)))).endswith("6, 7, …")
    assert str(UnknownNameError("task", "zzz", [])) == "unknown task 'zzz'; none is known"
