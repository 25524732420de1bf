"""A pool of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.pools import wait_for

from sandmle_gym.errors import IsolationUnavailableError
from sandmle_gym.sandbox.warm import WarmBackend


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for the sockets of this test alone; at its end every process is gone, and so is the place."""
    place = tmp_path / "runtime"
    monkeypatch.setenv("SANDMLE_RUNTIME", str(place))
    monkeypatch.setenv("SANDMLE_LINGER", "0.5")
    try:
        WarmBackend(preload=()).close()
    except IsolationUnavailableError as error:
        pytest.skip(str(error))
    yield place
    wait_for(lambda: not list(place.glob("sandmle")))


@pytest.fixture
def backend(runtime: Path) -> Iterator[WarmBackend]:
    with WarmBackend(preload=()) as backend:
        yield backend
