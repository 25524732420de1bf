"""Laws of a broken sandbox behind a server: the episode is void, and clients see no trace of the cause."""

import pytest

from sandmle_gym.episode import Episode, make_options
from sandmle_gym.errors import SandboxError

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def breaking(monkeypatch):
    def broken(self, *_):
        raise SandboxError('Traceback: File "secret.py"')

    monkeypatch.setattr(Episode, "call_tool", broken)


def test_an_openenv_client_gets_an_error_and_may_reset(breaking, monkeypatch):
    openenv = pytest.importorskip("openenv.core.env_server", exc_type=ImportError)
    from sandmle_gym.integrations.openenv.counters import Counters
    from sandmle_gym.integrations.openenv.environment import ServedEnvironment, VoidEpisodeError

    counters = Counters()
    environment = ServedEnvironment(make_options(protocol="tools"), counters)
    call = openenv.CallToolAction(tool_name="bash", arguments={"command": "true"})
    environment.reset(task="task-042")
    with pytest.raises(VoidEpisodeError) as told:
        environment.step(call)
    assert "secret" not in str(told.value)
    assert 'end="void"} 1' in counters.text(sessions=0, max_sessions=1)
    monkeypatch.undo()
    environment.reset(task="task-042")
    assert not environment.step(call).done
    environment.close()


def test_nemo_gym_gets_no_reward(breaking):
    pytest.importorskip("nemo_gym", exc_type=ImportError)
    from fastapi.testclient import TestClient
    from serving.test_nemo import VERIFY, make_server

    client = TestClient(make_server().setup_webserver())
    client.post("/seed_session", json={"task": "task-042"}).raise_for_status()
    for answer in (client.post("/bash", json={}), client.post("/verify", json=VERIFY)):
        assert answer.status_code == 503
        assert "secret" not in answer.text
