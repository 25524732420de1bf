"""What an adapter costs: time a step over the bare episode, and how many one-second steps run at once.

Run `python benchmarks/adapters.py` (`--json` for machines); adapters whose library is missing are left out.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

STEPS, EPISODES = 40, 32
CALL = {"name": "bash", "arguments": {"command": "true"}}
TEXT = f"<tool_call>{json.dumps(CALL)}</tool_call>"
SLEEP = '<tool_call>{"name": "bash", "arguments": {"command": "sleep 1"}}</tool_call>'
TASK = "task-000"

Step = Callable[[str], object]


def episode() -> Step:
    """The bare episode."""
    from sandmle_gym import Episode, open_task
    from sandmle_gym.episode import make_options

    options = make_options(protocol="hermes", limits={"turns": 10**6})
    return Episode(open_task(TASK), options).act


def session() -> Step:
    """What every adapter is built on."""
    from sandmle_gym import Session
    from sandmle_gym.episode import make_options

    made = Session(make_options(protocol="hermes", limits={"turns": 10**6}))
    made.start(TASK)
    return made.act


def gymnasium_env() -> Step:
    """The native form."""
    import gymnasium

    import sandmle_gym

    gymnasium.register_envs(sandmle_gym)
    env = gymnasium.make(f"SandMLE/{TASK}", protocol="hermes", limits={"turns": 10**6})
    env.reset()
    return env.step


def skyrl() -> Step:
    """SkyRL's environment."""
    import skyrl_gym

    from sandmle_gym.integrations.skyrl import ID, register

    register()
    extras = {"extra_info": {"task": TASK}, "max_turns": 10**6}
    env = skyrl_gym.make(ID, env_config={}, extras=extras)
    env.init([{"role": "user", "content": ""}])
    return env.step


def trl_tools() -> Step:
    """TRL's environment, without TRL's own loop."""
    from sandmle_gym.integrations.trl import make_env_factory

    env = make_env_factory(limits={"turns": 10**6})()
    env.reset(task=TASK)
    return lambda text: env.bash(**json.loads(text[11:-12])["arguments"])


ADAPTERS = {
    "Session": (session, ()),
    "Gymnasium": (gymnasium_env, ()),
    "SkyRL": (skyrl, ("skyrl_gym",)),
    "TRL environment": (trl_tools, ()),
}


def overheads() -> dict[str, float]:
    """Time trivial steps, in turns with the bare episode, so that both see the same machine."""
    bare, figures = episode(), {}
    bare(TEXT)
    for name, (make, modules) in ADAPTERS.items():
        if all(importlib.util.find_spec(module) for module in modules):
            step = make()
            step(TEXT)
            gaps = [1000 * (seconds(step, TEXT) - seconds(bare, TEXT)) for _ in range(STEPS)]
            figures[f"{name}: ms a step over the episode (target ≤ 2)"] = statistics.median(gaps)
    figures["bare episode: ms a step"] = 1000 * statistics.median(
        seconds(bare, TEXT) for _ in range(STEPS)
    )
    return figures


def concurrency() -> dict[str, float]:
    """Time one-second steps of many open episodes, all at once."""
    figures = {}
    for name, (make, modules) in ADAPTERS.items():
        if not all(importlib.util.find_spec(module) for module in modules):
            continue
        steps = [make() for _ in range(EPISODES)]
        with ThreadPoolExecutor(EPISODES) as threads:
            list(threads.map(lambda step: step(TEXT), steps))
            start = time.perf_counter()
            list(threads.map(lambda step: step(SLEEP), steps))
            label = f"{name}: s for {EPISODES} one-second steps in threads (target ≤ 1.5)"
            figures[label] = time.perf_counter() - start
    figures[f"in_thread: s for {EPISODES} one-second steps of an event loop"] = asyncio.run(_loop())
    return figures


async def _loop() -> float:
    from sandmle_gym.threads import in_thread

    steps = [session() for _ in range(EPISODES)]
    await asyncio.gather(*(in_thread(step, TEXT) for step in steps))
    start = time.perf_counter()
    await asyncio.gather(*(in_thread(step, SLEEP) for step in steps))
    return time.perf_counter() - start


def seconds(step: Step, text: str) -> float:
    """Time one step."""
    start = time.perf_counter()
    step(text)
    return time.perf_counter() - start


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as cache, suppress(KeyboardInterrupt):
        os.environ.setdefault("SANDMLE_CACHE", cache)
        figures = {**overheads(), **concurrency()}
        if as_json:
            print(json.dumps(figures, indent=2))
        else:
            for name, value in figures.items():
                print(f"{name:76} {value:8.2f}")


if __name__ == "__main__":
    main()
