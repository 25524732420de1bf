"""Laws of the NeMo Gym resources server, driven as NeMo Gym's agent drives one."""

import json
from unittest.mock import MagicMock

import pytest

pytest.importorskip("nemo_gym", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")

RESPONSE = {
    "id": "r",
    "created_at": 0,
    "model": "m",
    "object": "response",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
VERIFY = {"responses_create_params": {"input": "x"}, "response": RESPONSE}
COPY = {"command": "cp sample_submission.csv submission.csv"}


def make_server(**options):
    from nemo_gym.server_utils import ServerClient

    from sandmle_gym.integrations.nemo import SandMLEResourcesConfig, SandMLEResourcesServer

    config = SandMLEResourcesConfig(
        host="127.0.0.1", port=0, entrypoint="", name="sandmle", **options
    )
    return SandMLEResourcesServer(config=config, server_client=MagicMock(spec=ServerClient))


@pytest.fixture
def clients():
    from fastapi.testclient import TestClient

    app = make_server(turns=6).setup_webserver()
    return lambda: TestClient(app)


def test_a_row_of_the_dataset_is_seeded_played_and_verified(clients, play, task):
    from sandmle_gym.rows import dataset

    row = next(row for row in dataset("train", "nemo") if row["task"] == "task-042")
    program = task.witness("expert")
    episode = play(f"```python\n{program}\n```", "submit")
    client = clients()
    client.post("/seed_session", json=row).raise_for_status()
    said = client.post("/python", json={"code": program}).text
    assert said == episode.transcript[0].observation
    assert client.post("/submit", json={}).text == episode.transcript[1].observation
    verified = client.post("/verify", json=VERIFY).json()
    assert verified["reward"] == episode.outcome.reward.total
    assert verified["valid"] == verified["medal"] == 1.0


def test_what_lies_there_is_graded_when_the_agent_stops_by_itself(clients):
    client = clients()
    client.post("/seed_session", json={"split": "train", "index": 1}).raise_for_status()
    client.post("/bash", json=COPY)
    assert client.post("/verify", json=VERIFY).json()["reward"] == pytest.approx(0.4)


def test_sessions_do_not_see_each_other(clients):
    one, other = clients(), clients()
    for client in (one, other):
        client.post("/seed_session", json={"task": "task-042"}).raise_for_status()
    one.post("/bash", json=COPY)
    assert "submission.csv" not in other.post("/bash", json={"command": "ls"}).text.split()
    for client in (one, other):
        client.post("/verify", json=VERIFY).raise_for_status()


@pytest.mark.parametrize(
    ("tool", "body", "says"),
    [
        ("bahs", json.dumps(COPY), "Did you mean bash?"),
        ("bash", "nonsense", "not valid JSON"),
        ("bash", "{}", "exactly"),
        ("bash", '{"command": 7}', "must be a string"),
    ],
)
def test_a_call_that_fits_no_tool_is_answered(clients, tool, body, says):
    client = clients()
    client.post("/seed_session", json={"task": "task-042"}).raise_for_status()
    answer = client.post(f"/{tool}", content=body)
    assert answer.status_code == 200
    assert says in answer.text
    client.post("/verify", json=VERIFY).raise_for_status()


def test_calls_without_an_episode_are_answered_and_verify_is_refused(clients):
    client = clients()
    assert "over" in client.post("/bash", json=COPY).text
    assert client.post("/verify", json=VERIFY).status_code == 404
    assert client.post("/seed_session", json={"task": "task-04x"}).status_code == 422


def test_an_episode_whose_trainer_is_gone_is_dropped():
    from fastapi.testclient import TestClient

    server = make_server(idle_seconds=0.0)
    app = server.setup_webserver()
    gone, other = TestClient(app), TestClient(app)
    gone.post("/seed_session", json={"task": "task-042"}).raise_for_status()
    (session, _) = next(iter(server._sessions.values()))
    other.post("/seed_session", json={"task": "task-042"}).raise_for_status()
    assert session.episode.closed
    other.post("/verify", json=VERIFY).raise_for_status()
