"""Laws of the folder for a Space: what it names exists."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

SPACE = Path(__file__).parents[2] / "docs" / "space"


def test_the_space_names_an_application_and_a_port_that_exist():
    about = dict(line.split(": ", 1) for line in (SPACE / "openenv.yaml").read_text().splitlines())
    module, _, name = about["app"].partition(":")
    assert find_spec(module) is not None
    assert name == "app"
    ports = re.findall(r"(?:EXPOSE |app_port: |\"--port\", \")(\d+)", _all())
    assert set(ports) == {about["port"]}


def test_the_application_refuses_to_start_without_a_token(monkeypatch):
    pytest.importorskip("openenv.core.env_server")
    from sandmle_gym.errors import UserError

    monkeypatch.delenv("SANDMLE_TOKEN", raising=False)
    with pytest.raises(UserError, match="token"):
        import sandmle_gym.integrations.openenv.app  # noqa: F401


def _all():
    return "".join(path.read_text() for path in SPACE.iterdir())
