"""An OpenAI-compatible chat server on the loopback, of the standard library only, that plays a script."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

Reply = dict[str, Any] | Exception
"""`{"content": text}` or `{"calls": [(name, arguments), …]}`; an exception is a server that refuses."""


class FakeOpenAI:
    """Answers every request by `script(request)`; a context manager, with `url` and the `requests`."""

    def __init__(self, script: Callable[[dict[str, Any]], Reply]):
        self.requests: list[dict[str, Any]] = []
        ids = count()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                """Stay silent."""

            def do_GET(self):
                self.send(200, {"object": "list", "data": [{"id": "fake", "object": "model"}]})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(request)
                reply = script(request)
                if isinstance(reply, Exception):
                    self.send(400, {"error": {"message": str(reply), "code": "refused"}})
                elif request.get("stream"):
                    events = streamed(completion(request, reply, ids))
                    self.send(200, events, "text/event-stream")
                else:
                    self.send(200, completion(request, reply, ids))

            def send(self, status, value, kind="application/json"):
                body = (value if isinstance(value, str) else json.dumps(value)).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def completion(request: dict[str, Any], reply: dict[str, Any], ids: count) -> dict[str, Any]:
    """Write a reply in OpenAI's form."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.get("content")}
    if calls := reply.get("calls"):
        message["tool_calls"] = [
            {
                "id": f"call_{next(ids)}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                },
            }
            for name, arguments in calls
        ]
    tokens = sum(len(str(m.get("content"))) for m in request["messages"]) // 4
    return {
        "id": f"c{next(ids)}",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 9, "total_tokens": tokens + 9},
    }


def streamed(answer: dict[str, Any]) -> str:
    """Write a completion as the events of a stream: one chunk, the usage, the end."""
    (choice,) = answer["choices"]
    delta = {**choice, "delta": choice["message"]}
    del delta["message"]
    chunk = {**answer, "object": "chat.completion.chunk", "choices": [delta], "usage": None}
    usage = {**chunk, "choices": [], "usage": answer["usage"]}
    return "".join(f"data: {line}\n\n" for line in (json.dumps(chunk), json.dumps(usage), "[DONE]"))
