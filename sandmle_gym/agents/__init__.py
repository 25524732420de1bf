"""Scripted agents: fixed lists of actions to try an environment with, from hopeless to expert to crooked.

dummy        hands in the sample submission
competent, insight, insights, expert    play the stored witness of that tier
cheater      looks for answers, forges scores, links files; earns nothing for it
"""

from collections.abc import Callable, Mapping, Sequence

from sandmle_gym.agents.cheater import CHEATS
from sandmle_gym.catalogue import Task
from sandmle_gym.errors import UnknownNameError

LOOK = (
    "ls -l && head -n 3 train.csv",
    "python - <<'EOF'\nimport pandas as pd\nprint(pd.read_csv('train.csv').describe().T)\nEOF",
)


def agent_names() -> tuple[str, ...]:
    """Return the names of all scripted agents."""
    return tuple(_AGENTS)


def script(name: str, task: Task) -> Sequence[str]:
    """Return the actions that an agent plays on a task, for the `plain` protocol.

    Raises:
        UnknownNameError: There is no such agent, or the task has no witness of that tier.
    """
    if name not in _AGENTS:
        raise UnknownNameError("agent", name, _AGENTS)
    return _AGENTS[name](task)


def fenced_python(program: str) -> str:
    """Write a program as one action."""
    return f"```python\n{program.rstrip()}\n```"


def _witness(tier: str) -> Callable[[Task], Sequence[str]]:
    return lambda task: (*LOOK, fenced_python(task.witness(tier)), "validate", "score", "submit")


_AGENTS: Mapping[str, Callable[[Task], Sequence[str]]] = {
    "dummy": lambda _: ("cp sample_submission.csv submission.csv", "validate", "submit"),
    "competent": _witness("competent"),
    "insight": _witness("insight"),
    "insights": _witness("insights"),
    "expert": _witness("expert"),
    "cheater": lambda _: CHEATS,
}
