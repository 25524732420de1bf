"""What the OpenEnv server costs: steps per second, overhead of a step, memory of a session.

Run `python benchmarks/serve.py` (`--json` for machines; extra `openenv`).
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SESSIONS = 256
AT_ONCE = 32
STEPS = 40
TASK = "task-042"


class Client:
    """One session, spoken to by hand."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def ask(self, kind: str, **data: Any) -> dict[str, Any]:
        """Send a frame and return the data of the answer."""
        await self.socket.send(json.dumps({"type": kind, "data": data}))
        answer = json.loads(await self.socket.recv())
        assert answer["type"] == "observation", answer
        return answer["data"]

    async def bash(self, command: str) -> dict[str, Any]:
        """Run a command."""
        return await self.ask(
            "step", type="call_tool", tool_name="bash", arguments={"command": command}
        )


def in_process(task: str) -> float:
    """Return the median wall time of a trivial step of an `Episode`, in ms."""
    from sandmle_gym.catalogue import open_task
    from sandmle_gym.episode import Episode, make_options

    episode = Episode(open_task(task), make_options(limits={"turns": 10**6}))
    times = []
    for _ in range(STEPS):
        start = time.perf_counter()
        episode.call_tool("bash", {"command": "true"})
        times.append(time.perf_counter() - start)
    episode.close()
    return 1000 * statistics.median(times[1:])


async def measure(url: str, server: int, task: str) -> dict[str, float]:
    """Open all sessions and take the figures."""
    from websockets.asyncio.client import connect

    async with AsyncExitStack() as stack:

        async def session() -> Client:
            client = Client(await stack.enter_async_context(connect(url, open_timeout=60)))
            await client.ask("reset", task=task)
            return client

        one = await session()
        times = []
        for _ in range(STEPS):
            start = time.perf_counter()
            await one.bash("true")
            times.append(time.perf_counter() - start)
        before, start = memory(server), time.perf_counter()
        clients = [one] + [await session() for _ in range(SESSIONS - 1)]
        await asyncio.gather(*(client.bash("true") for client in clients))
        opening, after = time.perf_counter() - start, memory(server)
        some = clients[:AT_ONCE]

        async def steps(client: Client) -> None:
            for _ in range(STEPS):
                await client.bash("true")

        start = time.perf_counter()
        await asyncio.gather(*map(steps, some))
        rate = AT_ONCE * STEPS / (time.perf_counter() - start)
        start = time.perf_counter()
        await asyncio.gather(*(client.bash("sleep 1") for client in some))
        sleeping = time.perf_counter() - start
    return {
        "a trivial step over loopback, ms": 1000 * statistics.median(times[1:]),
        f"opening {SESSIONS} sessions, one command each, s": opening,
        "memory of a session with its sandbox, MiB": (after - before) / (SESSIONS - 1) / 2**20,
        f"trivial steps/s, {AT_ONCE} of {SESSIONS} sessions at once (target ≥ 300)": rate,
        f"{AT_ONCE} steps of 1 s at once, s (target ≤ 1.5)": sleeping,
    }


def memory(root: int) -> int:
    """Return the proportional memory of a process and all its descendants, in bytes."""
    return sum(_memory(pid) for pid in _family(root))


def _family(root: int) -> Iterator[int]:
    yield root
    for thread in Path(f"/proc/{root}/task").glob("*/children"):
        for child in thread.read_text().split():
            yield from _family(int(child))


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--task", default=TASK)
    arguments = parser.parse_args()
    if find_spec("openenv") is None:
        print("skipped: the server needs OpenEnv (pip install 'sandmle-gym[openenv]')")
        return
    code = "from sandmle_gym.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--turns", "1000000"]
    command += ["--max-sessions", str(SESSIONS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().split()[-1].replace("http", "ws") + "/ws"
            figures = asyncio.run(measure(url, server.pid, arguments.task))
        finally:
            server.terminate()
    alone = in_process(arguments.task)
    figures["a trivial step of an Episode in process, ms"] = alone
    overhead = figures["a trivial step over loopback, ms"] - alone
    figures["overhead of the server, ms a step (target ≤ 5)"] = overhead
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:68} {value:8.2f}")


if __name__ == "__main__":
    main()
