"""Other ways to run a step: a fresh interpreter for each, bare or in a container; a Jupyter kernel."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from sandboxes.measure import MissingError

from sandmle_gym.sandbox.docker import Container
from sandmle_gym.sandbox.docker.engine import PYTHON, connection, require_image
from sandmle_gym.sandbox.environment import ENVIRONMENT

Call = Callable[[str], object]
"""Runs a step."""


def environment(directory: Path) -> dict[str, str]:
    """Return the variables of a fresh interpreter."""
    return ENVIRONMENT | {"HOME": str(directory), "PATH": "/usr/bin:/bin"}


def fresh(directory: Path, source: str, *wrapper: str) -> None:
    """Run a step in a fresh interpreter."""
    subprocess.run(
        [*wrapper, sys.executable, "-c", source],
        cwd=directory,
        env=environment(directory),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def fresh_process(directory: Path) -> Iterator[Call]:
    """Give what everybody has."""
    yield lambda source: fresh(directory, source)


@contextlib.contextmanager
def bubblewrap(directory: Path) -> Iterator[Call]:
    """Put bubblewrap's namespaces around a fresh interpreter."""
    program = shutil.which("bwrap")
    if program is None:
        raise MissingError("there is no bwrap")
    wrapper = (program, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc")
    wrapper += ("--dev", "/dev", "--bind", str(directory), str(directory), "--die-with-parent")
    try:
        fresh(directory, "pass", *wrapper)
    except subprocess.CalledProcessError as error:
        raise MissingError(f"bubblewrap does not work here: {error}") from error
    yield lambda source: fresh(directory, source, *wrapper)


@contextlib.contextmanager
def docker_exec(_directory: Path) -> Iterator[Call]:
    """Start one container with our image; every step is a fresh interpreter in it."""
    image = Container().image
    with connection() as api:
        require_image(api, image)
        host = api.create_host_config(
            network_mode="none",
            read_only=True,
            auto_remove=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            tmpfs={"/work": "uid=1000,mode=700"},
        )
        container = api.create_container(
            image, ["sleep", "3600"], user="1000:1000", host_config=host
        )
        api.start(container["Id"])

        def execute(source: str) -> None:
            program = api.exec_create(
                container["Id"],
                [PYTHON, "-c", source],
                workdir="/work",
                environment=ENVIRONMENT | {"HOME": "/work"},
            )
            output = api.exec_start(program["Id"])
            if api.exec_inspect(program["Id"])["ExitCode"]:
                raise RuntimeError(f"the step failed: {output}")

        try:
            yield execute
        finally:
            api.remove_container(container["Id"], force=True)


@contextlib.contextmanager
def jupyter(directory: Path) -> Iterator[Call]:
    """Start a kernel, in which steps are cells."""
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError as error:
        raise MissingError(str(error)) from error
    variables = os.environ | ENVIRONMENT | {"HOME": str(directory)}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(directory), env=variables)

    def execute(source: str) -> None:
        reply = client.execute_interactive(source, timeout=300, output_hook=lambda _: None)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"the step failed: {reply['content']}")

    try:
        yield execute
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
