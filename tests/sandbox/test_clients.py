"""A backend in threads, after a fork, in spawned children; episodes that are promised, not yet open."""

import multiprocessing
import os
import resource
import threading
import time
from pathlib import Path

import pytest
from sandbox.pools import only_pool, pools, wait_for

from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.sandbox import ExecResult
from sandmle_gym.sandbox.warm import WarmBackend

pytestmark = [
    pytest.mark.usefixtures("runtime"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def _open_one(answers) -> None:
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        answers.put((only_pool()["pid"], sandbox.run("bash", "echo hi", seconds=30).head))


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_a_child_process_shares_the_pool(backend: WarmBackend, method: str) -> None:
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    child = context.Process(target=_open_one, args=(answers,))
    child.start()
    assert answers.get(timeout=60) == (only_pool()["pid"], b"hi\n")
    child.join()
    assert child.exitcode == 0


def _forked(job) -> int:
    """Run a function in a forked child, and return its exit status."""
    child = os.fork()
    if child == 0:
        try:
            job()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_in_the_midst_of_a_command_disturbs_neither_side(backend: WarmBackend) -> None:
    results: list[ExecResult] = []
    stop = threading.Event()

    def play() -> None:
        while not stop.is_set():
            with backend.open() as sandbox:
                results.append(sandbox.run("bash", "sleep 0.05; echo parent", seconds=30))

    def child() -> None:
        with backend.open() as sandbox:
            assert sandbox.run("bash", "echo child", seconds=30).head == b"child\n"

    threads = [threading.Thread(target=play) for _ in range(4)]
    for thread in threads:
        thread.start()
    codes = [_forked(child) for _ in range(10)]
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * 10
    assert {result.head for result in results} == {b"parent\n"}


def test_an_episode_ends_with_its_owner_although_a_forked_child_lives(backend: WarmBackend) -> None:
    sandbox = backend.open()
    assert sandbox.put({}) == ()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    sandbox.close()
    wait_for(lambda: only_pool()["zygotes"][0]["episodes"] == 0)
    backend.close()
    wait_for(lambda: not pools())
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_promised_episode_costs_next_to_nothing(backend: WarmBackend) -> None:
    descriptors = _descriptors()
    start = time.process_time()
    sandboxes = [backend.open() for _ in range(2000)]
    assert time.process_time() - start < 1
    assert _descriptors() == descriptors
    assert only_pool()["zygotes"][0]["episodes"] == 0
    assert sandboxes[1999].run("bash", "echo here", seconds=30).head == b"here\n"
    for sandbox in sandboxes:
        sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandboxes[0].run("bash", "true", seconds=30)


def test_a_promised_episode_that_is_killed_is_dead(backend: WarmBackend) -> None:
    with backend.open() as sandbox:
        sandbox.kill()
        assert sandbox.run("bash", "true", seconds=30).status == "dead"
        assert sandbox.put({"file": b""}) == ("file",)
        assert sandbox.get("file", max_bytes=10).problem == "dead"


def test_wrong_names_are_told_at_once(backend: WarmBackend, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="public_root"):
        backend.open(tmp_path)


def test_whoever_runs_out_of_descriptors_hears_what_to_raise(backend: WarmBackend) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = _descriptors()
    sandboxes = [backend.open() for _ in range(20)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        with pytest.raises(SandboxError, match="ulimit -n"):
            [sandbox.put({}) for sandbox in sandboxes]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for sandbox in sandboxes:
            sandbox.close()
    with backend.open() as sandbox:
        assert sandbox.run("bash", "true", seconds=30).ok


def test_whoever_runs_out_of_descriptors_in_a_command_hears_it_too(backend: WarmBackend) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with backend.open() as sandbox:
        assert sandbox.put({}) == ()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(SandboxError, match="ulimit -n"):
                sandbox.run("bash", "true", seconds=30)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
