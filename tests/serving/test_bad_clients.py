"""Laws of the OpenEnv server under clients that do it wrong: a defined reply each, no stack trace."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandmle_gym.errors import UserError

pytest.importorskip("openenv")
websockets = pytest.importorskip("websockets")

FRAMES = [
    "",
    "nonsense",
    "[]",
    "7",
    "null",
    '"step"',
    b"\x00\xff",
    '{"type": "nonsense"}',
    "{}",
    '{"type": ["step"]}',
    '{"type": "step"}',
    '{"type": "step", "data": {}}',
    '{"type": "step", "data": {"tool_name": 7}}',
    '{"type": "step", "data": {"tool_name": "bash", "arguments": "ls"}}',
    '{"type": "step", "data": {"tool_name": "bash", "arguments": {}, "reward": 1}}',
    '{"type": "step", "data": {"tool_name": "\\ud800", "arguments": {}}}',
    '{"type": "reset", "data": 7}',
    '{"type": "reset", "extra": 7}',
    '{"type": "mcp", "data": {}}',
    '{"type": "mcp", "data": {"jsonrpc": "2.0", "method": "tools/call", "params": {}}}',
    '{"type": "state", "data": ' + "9" * 5000 + "}",
    '{"type": "state", "data": ' + "[" * 100_000 + "]" * 100_000 + "}",
]
REQUESTS = [
    ("/step", {"action": {"tool_name": "bash"}}, 422),
    ("/step", {"action": {"nonsense": 1}}, 422),
    ("/step", b"nonsense", 422),
    ("/reset", {"task": "/etc"}, 422),
    ("/reset", {"seed": -1}, 422),
    ("/reset", {"sandbox": "local"}, 422),
    ("/mcp", b"nonsense", 200),
    ("/mcp", {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "bash"}}, 200),
    ("/sandmle/num_tasks", {"split": "secret"}, 422),
    ("/other/num_tasks", {"split": "train"}, 404),
    ("/nowhere", {}, 404),
    ("/reset", b" " * (3 << 20), 413),
]
TRACE = ("Traceback", 'File "', "/site-packages/")


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def sleeps(mark):
    """Whether a process of the machine has this mark as an argument."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes().split(b"\0"):
                return True
    return False


@pytest.fixture
def session(server):
    with server.session() as opened:
        opened.ask("reset", task="task-042")
        yield opened


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("bahs", {"command": "ls"}, "Did you mean bash?"),
        ("reset", {}, "There is no tool"),
        ("bash", {}, "exactly"),
        ("bash", {"command": 7}, "must be a string"),
        ("bash", {"command": "ls", "timeout": 9}, "exactly"),
        ("submit", {"path": "/etc/passwd"}, "exactly"),
    ],
)
def test_a_call_that_fits_no_tool_is_answered_and_costs_a_turn(session, tool, arguments, says):
    data = session.play(tool, **arguments)
    assert says in data["observation"]["result"]
    assert not data["done"]
    assert session.ask("state")[1]["step_count"] == 1


@pytest.mark.parametrize(
    "choice",
    [
        {"task": "task-04x"},
        {"task": "/etc"},
        {"task": "./envs"},
        {"task": "parcel-claims#3"},
        {"task": 42},
        {"task": "x" * 10_000},
        {"split": "secret"},
        {"split": "train", "index": -1},
        {"split": "train", "index": "1"},
        {"seed": -1},
        {"seed": "now"},
        {"task": "task-042", "sandbox": "local"},
        {"task": "task-042", "feedback": "paper"},
        {"task": "task-042", "limits": {"turns": 10**6}},
    ],
)
def test_a_choice_that_is_not_the_clients_is_refused(server, choice):
    with server.session() as session:
        kind, data = session.ask("reset", **choice)
        assert kind == "error"
        assert not any(part in json.dumps(data) for part in TRACE)
        assert session.ask("reset", task="task-042")[0] == "observation"


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_a_malformed_frame_is_answered_and_the_session_lives_on(session, frame):
    kind, data = session.raw(frame)
    shown = json.dumps(data)
    assert kind == "error" or "error" in data or "no tool" in shown
    assert not any(part in shown for part in TRACE)
    assert session.play("bash", command="echo alive")["observation"]["result"] == "alive"


def test_a_step_before_reset_is_an_error(server):
    with server.session() as session:
        kind, data = session.call("bash", command="ls")
        assert kind == "error"
        assert "reset first" in data["message"]


def test_a_step_after_the_end_is_answered_and_earns_nothing(session):
    session.play("bash", command="cp sample_submission.csv submission.csv")
    assert session.play("submit")["reward"] > 0
    again = session.play("submit")
    assert again["done"]
    assert again["reward"] == 0
    assert "over" in again["observation"]["result"]


def test_two_steps_at_once_are_played_one_after_the_other(session):
    for command in ("sleep 0.5; echo first >> log", "echo second >> log; cat log"):
        arguments = {"type": "call_tool", "tool_name": "bash", "arguments": {"command": command}}
        session.socket.send(json.dumps({"type": "step", "data": arguments}))
    session.answer()
    assert session.answer()[1]["observation"]["result"].split() == ["first", "second"]


def test_a_reset_in_the_middle_of_a_step_waits_for_it(session):
    arguments = {"type": "call_tool", "tool_name": "bash", "arguments": {"command": "sleep 0.5"}}
    session.socket.send(json.dumps({"type": "step", "data": arguments}))
    session.socket.send(json.dumps({"type": "reset", "data": {"task": "task-042"}}))
    assert "result" in session.answer()[1]["observation"]
    assert "prompt" in session.answer()[1]["observation"]
    assert session.ask("state")[1]["step_count"] == 0


def test_a_client_that_vanishes_frees_its_session(server):
    before = server.metric("sandmle_sessions ")
    ended = server.metric('sandmle_episodes_total{end="abandoned"}')
    with server.session() as session:
        session.ask("reset", task="task-042")
        session.play("bash", command="true")
        assert server.metric("sandmle_sessions ") == before + 1
        session.socket.socket.shutdown(socket.SHUT_RDWR)  # no closing handshake
    wait_for(lambda: server.metric("sandmle_sessions ") == before)
    assert server.metric('sandmle_episodes_total{end="abandoned"}') == ended + 1


def test_a_client_that_vanishes_in_a_step_frees_its_sandbox_at_once(server):
    before = server.metric("sandmle_sessions ")
    ended = server.metric('sandmle_episodes_total{end="abandoned"}')
    mark = f"61.{secrets.randbelow(10**9)}"
    with server.session() as session:
        session.ask("reset", task="task-042")
        arguments = {"type": "call_tool", "tool_name": "bash"}
        arguments["arguments"] = {"command": f"sleep {mark}; sleep 1"}
        session.socket.send(json.dumps({"type": "step", "data": arguments}))
        wait_for(lambda: sleeps(mark))
        session.socket.socket.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: not sleeps(mark), 2)
    wait_for(lambda: server.metric("sandmle_sessions ") == before, 5)
    assert server.metric('sandmle_episodes_total{end="abandoned"}') == ended + 1


def test_a_session_beyond_the_last_is_refused_and_says_so(serving):
    with serving("--max-sessions", "1") as served:
        with served.session() as first:
            first.ask("reset", task="task-042")
            with served.session() as second:
                kind, data = second.answer()
                assert kind == "error"
                assert data["code"] == "CAPACITY_REACHED"
            assert first.play("validate")
        wait_for(lambda: served.metric("sandmle_sessions ") == 0)
        with served.session() as third:
            assert third.ask("reset", task="task-042")[0] == "observation"


def test_a_silent_session_is_closed_but_a_long_step_is_no_silence(serving):
    with serving("--idle-seconds", "1") as served, served.session() as session:
        session.ask("reset", task="task-042")
        assert session.play("bash", command="sleep 2; echo done")["observation"]["result"] == "done"
        kind, data = session.answer()
        assert kind == "error"
        assert "closed" in data["message"]
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            session.answer()
        wait_for(lambda: served.metric("sandmle_sessions ") == 0)


def test_an_mcp_session_over_http_is_reaped_too(serving):
    create = {"jsonrpc": "2.0", "method": "openenv/session/create", "id": 1}
    with serving("--idle-seconds", "1") as served:
        assert served.http("/mcp", create)[0] == 200
        assert served.metric("sandmle_sessions ") == 1
        wait_for(lambda: served.metric("sandmle_sessions ") == 0)


@pytest.mark.parametrize(("path", "body", "status"), REQUESTS, ids=range(len(REQUESTS)))
def test_a_bad_request_gets_its_status_and_no_trace(server, path, body, status):
    answered, text = server.http(path, body)
    assert answered == status
    assert not any(part in text for part in TRACE)
    if answered == 200:
        assert "error" in json.loads(text)


def test_an_oversized_frame_ends_the_connection_with_the_code_for_it(session):
    session.socket.send(json.dumps({"type": "state", "data": "x" * (3 << 20)}))
    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        session.answer()
    assert closed.value.rcvd.code == 1009


def test_browsers_are_refused_where_there_is_no_token(server):
    origin = {"Origin": "http://evil.example"}
    assert server.http("/metrics", headers=origin)[0] == 403
    with pytest.raises(websockets.exceptions.InvalidStatus), server.session(**origin):
        pass


def test_a_wrong_token_is_refused_and_the_right_one_is_not(serving):
    token = "a-token-of-some-length"
    env = {**os.environ, "SANDMLE_TOKEN": token}
    with serving("--host", "0.0.0.0", env=env) as served:
        served.url = served.url.replace("0.0.0.0", "127.0.0.1")
        assert served.http("/health")[0] == 200
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}):
            assert served.http("/metrics", headers=wrong)[0] == 401
            refusal = pytest.raises(websockets.exceptions.InvalidStatus)
            with refusal as refused, served.session(**wrong):
                pass
            assert refused.value.response.status_code == 401
        right = {"Authorization": f"Bearer {token}"}
        assert served.http("/metrics", headers=right)[0] == 200
        with served.session(**right) as session:
            assert session.ask("reset", task="task-042")[0] == "observation"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_a_server_beyond_loopback_needs_a_token(host):
    from sandmle_gym.integrations.openenv.server import ServerOptions

    with pytest.raises(UserError, match="token"):
        ServerOptions(host=host)
    with pytest.raises(UserError, match="characters"):
        ServerOptions(host=host, token="short")


def test_a_port_that_is_taken_is_one_helpful_line(server):
    port = server.url.rsplit(":", 1)[1]
    main = "from sandmle_gym.cli import main; main()"
    command = [sys.executable, "-W", "ignore", "-c", main, "serve", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr
