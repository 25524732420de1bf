"""Blocking sandbox work for callers that live in an event loop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MANY = 256
"""Threads at most. They wait for sandbox processes, so far more of them than cores make sense, and
asyncio's own pool (cores + 4) would make episodes queue."""


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread and wait for it, without blocking the loop.

    When the caller is cancelled, the function still runs to its end before the cancellation goes on:
    an episode must not be closed under a step.
    """
    work = asyncio.ensure_future(
        asyncio.get_running_loop().run_in_executor(
            _threads(os.getpid()), lambda: function(*args, **kwargs)
        )
    )
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


@cache
def _threads(_pid: int) -> ThreadPoolExecutor:
    """One pool per process: a forked child has the object but not its threads."""
    return ThreadPoolExecutor(MANY, "sandmle")
