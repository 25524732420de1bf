"""Many episodes at once: a vector environment over threads, for lockstep or as-completed stepping.

Threads suffice because the work happens in sandbox processes. Autoreset is off (a language-model
action is too dear to be swallowed by a reset): reset finished slots with `options={"reset_mask": …}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from sandmle_gym.env import SandMLEEnv
from sandmle_gym.errors import SandboxError, UserError

Transition = tuple[str, float, bool, bool, dict[str, Any]]


class ThreadVectorEnv(VectorEnv[tuple[str, ...], Sequence[str], Any]):
    """`num_envs` episodes, each in its own thread; what `gym.make_vec` makes of our ids by default.

    A void episode (`SandboxError`) does not stop the batch: its slot comes back truncated, with reward
    0 and `info["void"]` true, and must not be learned from.
    """

    metadata = {  # noqa: RUF012
        "autoreset_mode": AutoresetMode.DISABLED,
        "render_modes": SandMLEEnv.metadata["render_modes"],
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        tasks: Sequence[str] | None = None,
        max_workers: int | None = None,
        max_episode_steps: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the environments.

        Args:
            num_envs: How many; with `tasks` their number decides.
            tasks: One task reference per slot, in place of the id's own task.
            max_workers: Threads that step at once; default: one per slot.
            max_episode_steps: Turn limit of each episode.
            kwargs: As for `SandMLEEnv`.

        Raises:
            UserError: Counts do not fit, or an option is wrong.
        """
        if tasks is not None:
            if num_envs not in (1, len(tasks)):
                raise UserError(f"num_envs={num_envs} does not fit the {len(tasks)} tasks given")
            num_envs = len(tasks)
        if num_envs < 1:
            raise UserError(f"num_envs must be at least 1, not {num_envs}")
        if max_episode_steps is not None:
            limits = dict(kwargs.get("limits") or {})
            kwargs["limits"] = limits | {"turns": max_episode_steps}
        self.num_envs = num_envs
        self.render_mode = kwargs.get("render_mode")
        self.envs = [SandMLEEnv(**self._slot(kwargs, tasks, slot)) for slot in range(num_envs)]
        self.single_observation_space = self.envs[0].observation_space
        self.single_action_space = self.envs[0].action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._threads = ThreadPoolExecutor(max_workers or num_envs, "sandmle")
        self._observations = [""] * num_envs

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Reset all slots, or those of `options["reset_mask"]` (a boolean per slot); others stay.

        Args:
            seed: One for each slot, or one number s for s, s+1, …
            options: Besides the mask, handed to every slot's `reset`.
        """
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, bool)), dtype=bool)
        if mask.shape != (self.num_envs,):
            raise UserError(f"reset_mask needs one boolean for each of the {self.num_envs} slots")
        seeds = self._seeds(seed)
        chosen = [int(slot) for slot in np.flatnonzero(mask)]
        results = self._threads.map(
            lambda slot: self.envs[slot].reset(seed=seeds[slot], options=options), chosen
        )
        infos: dict[str, Any] = {}
        for slot, (observation, info) in zip(chosen, results, strict=True):
            self._observations[slot] = observation
            infos = self._add_info(infos, info, slot)
        return tuple(self._observations), infos

    def step(
        self, actions: Sequence[str]
    ) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Play one action in every slot and wait for the slowest."""
        if len(actions) != self.num_envs:
            raise UserError(f"{len(actions)} actions for {self.num_envs} slots")
        transitions = list(self._threads.map(self._play, range(self.num_envs), actions))
        self._observations = [transition[0] for transition in transitions]
        infos: dict[str, Any] = {}
        for slot, transition in enumerate(transitions):
            infos = self._add_info(infos, transition[4], slot)
        return (
            tuple(self._observations),
            np.array([transition[1] for transition in transitions], np.float64),
            np.array([transition[2] for transition in transitions], np.bool_),
            np.array([transition[3] for transition in transitions], np.bool_),
            infos,
        )

    def step_iter(self, actions: Mapping[int, str]) -> Iterator[tuple[int, Transition]]:
        """Play actions in some slots and yield (slot, transition) as each completes, no lockstep."""
        futures = {
            self._threads.submit(self._play, slot, text): slot for slot, text in actions.items()
        }
        for future in as_completed(futures):
            slot, transition = futures[future], future.result()
            self._observations[slot] = transition[0]
            yield slot, transition

    def render(self) -> tuple[str | None, ...]:  # type: ignore[override]
        """Return the transcript of every slot."""
        return tuple(env.render() for env in self.envs)

    def close_extras(self, **_: Any) -> None:
        """End every episode and the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for env in self.envs:
            env.close()

    def _play(self, slot: int, action: str) -> Transition:
        try:
            observation, reward, terminated, truncated, info = self.envs[slot].step(action)
        except SandboxError as error:
            self.envs[slot].close()
            return f"[void: {error}]", 0.0, False, True, {"void": True}
        return observation, reward, terminated, truncated, info | {"void": False}

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int):
            return [seed + slot for slot in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise UserError(f"{len(seed)} seeds for {self.num_envs} slots")
        return seed

    @staticmethod
    def _slot(kwargs: Mapping[str, Any], tasks: Sequence[str] | None, slot: int) -> dict[str, Any]:
        return dict(kwargs) if tasks is None else {**kwargs, "task": tasks[slot]}
