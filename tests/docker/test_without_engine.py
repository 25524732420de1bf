"""Where there is no engine or no image, the reason says what to do."""

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from sandmle_gym.errors import IsolationUnavailableError
from sandmle_gym.sandbox import image
from sandmle_gym.sandbox.docker import Container, DockerBackend, engine, machine


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path) -> str:
    address = f"unix://{tmp_path}/nobody.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    return address


def test_no_daemon_is_a_reason(nowhere: str) -> None:
    probe = DockerBackend.probe()
    assert not probe.available
    assert nowhere in probe.reason
    assert "DOCKER_HOST" in probe.reason


def test_no_sdk_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    assert "pip install" in DockerBackend.probe().reason


def test_an_old_daemon_is_a_reason() -> None:
    engine._require_version("1.40")
    engine._require_version("1.100")
    with pytest.raises(IsolationUnavailableError, match=r"1\.39"):
        engine._require_version("1.39")


@pytest.mark.parametrize("make", [image.build, image.import_machine])
def test_making_an_image_needs_a_daemon(nowhere: str, make: Callable[[], object]) -> None:
    with pytest.raises(IsolationUnavailableError, match="DOCKER_HOST"):
        make()


def test_the_command_line_says_so_in_one_line(nowhere: str) -> None:
    command = [sys.executable, "-c", "from sandmle_gym.cli import main; main()", "image", "import"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no Docker daemon" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("engine")
def test_no_image_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDMLE_IMAGE", "sandmle-no-such-image:0")
    reason = DockerBackend.probe().reason
    assert "sandmle image build" in reason
    assert "sandmle-no-such-image:0" in reason


def test_the_environment_names_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDMLE_IMAGE", "mine:2")
    assert Container().image == "mine:2"
    monkeypatch.delenv("SANDMLE_IMAGE")
    assert Container().image == engine.IMAGE


def test_the_system_call_filter_names_each_call_once_and_opens_no_network() -> None:
    profile = json.loads((engine.image_folder() / "seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    names = [name for rule in profile["syscalls"] for name in rule["names"]]
    assert len(names) == len(set(names))
    sockets = [rule for rule in profile["syscalls"] if "socket" in rule["names"]]
    assert [rule["args"][0]["value"] for rule in sockets] == [1]  # AF_UNIX
    for dangerous in ("bpf", "ptrace", "keyctl", "io_uring_setup", "init_module", "kexec_load"):
        assert dangerous not in names


def test_requirements_are_pinned_exactly() -> None:
    pins = machine.requirements()
    assert {"numpy", "pandas", "scikit-learn", "lightgbm"} <= set(pins)
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in pins.values())
