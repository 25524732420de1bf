"""A real `sandmle serve` in a process of its own, and a client that speaks its frames by hand."""

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

MAIN = "from sandmle_gym.cli import main; main()"


@contextlib.contextmanager
def served(*arguments, env=None, python=sys.executable):
    """Run a server with these arguments."""
    command = [python, "-W", "ignore", "-c", MAIN, "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("serving on "), line
            yield Server(line.split()[-1])
        finally:
            process.terminate()
            assert process.wait(timeout=30) in (0, -15)


class Server:
    """A running server, by its URL."""

    def __init__(self, url):
        self.url = url

    def http(self, path, body=None, headers=None):
        """Return status and text of a GET, or of a POST where there is a body (bytes, or for JSON)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name):
        lines = self.http("/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    @contextlib.contextmanager
    def session(self, **headers):
        """Yield a session that was not reset yet."""
        client = pytest.importorskip("websockets.sync.client")
        url = self.url.replace("http", "ws") + "/ws"
        with client.connect(url, additional_headers=headers, close_timeout=5) as socket:
            yield Session(socket)


class Session:
    """One WebSocket."""

    def __init__(self, socket):
        self.socket = socket

    def ask(self, kind, **data):
        """Send a frame and return the answer's type and data."""
        frame = {"type": kind, "data": data} if data or kind == "reset" else {"type": kind}
        return self.raw(json.dumps(frame))

    def raw(self, frame):
        self.socket.send(frame)
        return self.answer()

    def answer(self):
        answer = json.loads(self.socket.recv(timeout=60))
        return answer["type"], answer["data"]

    def call(self, tool, **arguments):
        return self.ask("step", type="call_tool", tool_name=tool, arguments=arguments)

    def play(self, tool, **arguments):
        """Call a tool of a session that must answer with an observation."""
        kind, data = self.call(tool, **arguments)
        assert kind == "observation", data
        return data


@pytest.fixture(scope="session")
def serving():
    """`served`, where OpenEnv is installed."""
    pytest.importorskip("openenv")
    return served


@pytest.fixture(scope="session")
def server(serving):
    with serving("--max-sessions", "8", "--step-seconds", "20") as running:
        yield running
