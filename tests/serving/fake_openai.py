"""A scripted model behind an OpenAI-compatible endpoint on loopback, in the standard library only."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeOpenAI:
    """Answers every chat request with `script(messages, tools)`, a message without its role."""

    def __init__(self, script):
        self.requests = requests = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer({"object": "list", "data": [{"id": "fake", "object": "model"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append(body)
                message = {"role": "assistant", "content": None}
                try:
                    message |= script(body["messages"], body.get("tools"))
                except Exception as error:  # noqa: BLE001 — whatever the script raises is a broken model
                    self.answer({"error": {"message": repr(error)}}, status=500)
                    return
                reason = "tool_calls" if message.get("tool_calls") else "stop"
                choice = {"index": 0, "message": message, "finish_reason": reason}
                usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
                head = {"id": f"c{len(requests)}", "created": 0, "model": "fake"}
                if body.get("stream"):
                    choice["delta"] = choice.pop("message")
                    chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
                    end = {**chunk, "choices": [], "usage": usage}
                    lines = (json.dumps(chunk), json.dumps(end), "[DONE]")
                    events = "".join(f"data: {line}\n\n" for line in lines)
                    self.send(events.encode(), "text/event-stream")
                else:
                    whole = {**head, "object": "chat.completion", "choices": [choice]}
                    self.answer({**whole, "usage": usage})

            def answer(self, value, status=200):
                self.send(json.dumps(value).encode(), "application/json", status)

            def send(self, data, kind, status=200):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def tool_call(name, arguments, number=0):
    """Return a message that calls a tool; arguments are JSON text, or for JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": text}
    return {"tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}]}
