"""`RecipeActions`: a menu of moves in place of text, so that classic RL libraries can train.

Each move changes a recipe (encoding, features, model) and runs it in the sandbox as a real program, which
cross-validates and leaves a submission; `inspect` looks, `blend` averages, `submit` hands in. The
observation is a vector: the facts found, the recipe, how well it does on held-out training rows.
"""

import json
from importlib.resources import files
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from sandmle_gym.errors import UserError
from sandmle_gym.spec import Form
from sandmle_gym.wrappers.tokens import unwrapped

ENGINEER = ("dates", "logs", "squares", "products", "means")
ENCODE = ("ordinal", "one-hot")
MODELS = ("linear", "forest", "boosting")
MOVES = (
    "inspect",
    *(f"encode {name}" for name in ENCODE),
    *(f"model {name}" for name in MODELS),
    *(f"engineer {name}" for name in ENGINEER),
    "blend",
    "submit",
)
"""What action i means. `engineer` moves toggle."""

FACTS = ("rows", "columns", "numeric", "words", "dates", "missing")
FEATURES = (
    *FACTS,
    *(name for name in MOVES if name.startswith(("encode", "model", "engineer"))),
    "blended",
    "gain",
    "best gain",
    "turns left",
)
"""What entry i of an observation means; all lie in [-1, 1], and are 0 while unknown."""

_UNFILLED = "RECIPE: dict[str, Any] = {}"

Vector = NDArray[np.float32]


class RecipeActions(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Play tasks of one table and one target by `Discrete` actions and `Box` observations.

    Works with the default protocol (`plain`). A dense reward trains fastest: `reward="score"`.
    """

    def __init__(self, env: gymnasium.Env[str, str]) -> None:
        """Wrap an environment of this package.

        Raises:
            UserError: The environment is another package's, or has another protocol.
        """
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self._inner = unwrapped(env)
        if self._inner.options.protocol != "plain":
            raise UserError("RecipeActions writes actions for protocol='plain'")
        self.action_space = Discrete(len(MOVES))
        self.observation_space = Box(-1, 1, (len(FEATURES),), np.float32)
        self._program = files("sandmle_gym.wrappers").joinpath("recipe_program.py").read_text()
        self._state: dict[str, float] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Start an episode with an empty recipe: ordinal codes, a linear model, no new features.

        Raises:
            UserError: The task is not one of one table and one target.
        """
        _, info = super().reset(seed=seed, options=options)
        schema = self._brief.submission
        if schema.form not in (Form.VALUE, Form.PROBABILITY, Form.DISTRIBUTION, Form.LABEL) or (
            len(schema.columns) > 1 and schema.form is not Form.DISTRIBUTION
        ):
            raise UserError(
                f"RecipeActions does not play {info['task']}: {schema.form} submissions"
            )
        self._state = {"encode ordinal": 1.0, "model linear": 1.0, "turns left": 1.0}
        return self._vector(), info

    def step(self, action: int) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Make a move."""
        kind, _, name = MOVES[int(action)].partition(" ")
        self._choose(kind, name)
        text = "submit" if kind == "submit" else self._written(kind)
        observation, reward, terminated, truncated, info = super().step(text)
        self._learn(observation.partition("\n")[0])
        turns = self._inner.episode.options.limits.turns if self._inner.episode else 1
        self._state["turns left"] = info["turns_left"] / turns
        return self._vector(), float(reward), terminated, truncated, info

    @property
    def _brief(self) -> Any:
        assert self._inner.episode is not None
        return self._inner.episode.task.bundle.brief

    def _choose(self, kind: str, name: str) -> None:
        state = self._state
        if kind in ("encode", "model"):
            for other in ENCODE if kind == "encode" else MODELS:
                state[f"{kind} {other}"] = float(other == name)
        elif kind == "engineer":
            state[f"engineer {name}"] = 1.0 - state.get(f"engineer {name}", 0.0)
        state["blended"] = float(kind == "blend")

    def _written(self, kind: str) -> str:
        """Write the program of a move."""
        schema, state = self._brief.submission, self._state
        recipe = {
            "do": kind if kind in ("inspect", "blend") else "run",
            "encode": next(name for name in ENCODE if state.get(f"encode {name}")),
            "model": next(name for name in MODELS if state.get(f"model {name}")),
            "engineer": [name for name in ENGINEER if state.get(f"engineer {name}")],
            "id_column": schema.id_column,
            "columns": list(schema.columns),
            "form": schema.form.value,
            "labels": list(schema.labels),
        }
        program = self._program.replace(_UNFILLED, f"RECIPE = {recipe!r}", 1)
        return f"````python\n{program}````"

    def _learn(self, line: str) -> None:
        """Take the numbers of a program's answer into the state; a program that failed has none."""
        try:
            found = json.loads(line)
        except ValueError:
            return
        if isinstance(found, dict):
            self._state |= {k: float(v) for k, v in found.items() if k in (*FACTS, "gain")}
            gain = self._state.get("gain", 0.0)
            self._state["best gain"] = max(gain, self._state.get("best gain", -1.0))

    def _vector(self) -> Vector:
        return np.array([self._state.get(name, 0.0) for name in FEATURES], np.float32).clip(-1, 1)
