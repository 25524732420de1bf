"""What stands before the OpenEnv application: who may come in, and how much they may send.

An ASGI middleware. It refuses a wrong token (401), browsers where there is no token (403), a body that
is too large (413) and frames that are no JSON object; it ends a session whose client is silent, and
tells at once of one whose client is gone.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sandmle_gym.integrations.openenv.counters import Counters

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/health"})
"""What anybody may ask, so that an orchestrator can."""

websocket: ContextVar["Frames | None"] = ContextVar("websocket", default=None)
"""The WebSocket that the present task serves, if any; the guard itself watches its silence."""


@dataclass(frozen=True)
class Guard:
    """The middleware around `app`."""

    app: App
    counters: Counters
    token: str | None
    """What clients must show as `Authorization: Bearer <token>`; None: nothing."""
    max_bytes: int
    """Largest body of a request. (That of a frame is set where the socket is read.)"""
    idle_seconds: float
    """A WebSocket from which no frame comes for so long, while none is being answered, is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._refuse(scope, send, *refusal)
        elif kind == "websocket":
            await self._serve_websocket(scope, receive, send)
        else:
            await self._serve_http(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        """Return status, reason and message if this client must not come in."""
        if scope["path"] in OPEN_PATHS:
            return None
        headers = dict(scope["headers"])
        if self.token is None:
            if b"origin" in headers:  # any web page can reach a loopback port through its visitor
                return 403, "origin", "browsers may come in only where the server has a token"
            return None
        expected = f"Bearer {self.token}".encode()
        if not hmac.compare_digest(headers.get(b"authorization", b""), expected):
            return 401, "token", "send the header Authorization: Bearer <token>"
        return None

    async def _refuse(
        self, scope: Scope, send: Send, status: int, reason: str, message: str
    ) -> None:
        self.counters.add("sandmle_refused_total", reason=reason)
        kind = "http" if scope["type"] == "http" else "websocket.http"
        if kind == "websocket.http" and kind + ".response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": message})
            return
        body = json.dumps({"detail": message}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
        await send({"type": f"{kind}.response.body", "body": body})

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        frames = Frames(self, receive, send)
        websocket.set(frames)
        reading = asyncio.create_task(frames.read())
        try:
            await self.app(scope, frames.receive, send)
        finally:
            reading.cancel()

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, at most `max_bytes` of it, then let the application answer."""
        body = bytearray()
        event: Event = {"more_body": True}
        while event.get("more_body"):
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event.get("body", b"")
            if len(body) > self.max_bytes:
                message = f"a body has at most {self.max_bytes} bytes"
                await self._refuse(scope, send, 413, "size", message)
                return
        pending: list[Event] = [{"type": "http.request", "body": bytes(body)}]

        async def replay() -> Event:
            return pending.pop() if pending else await receive()

        await self.app(scope, replay, send)


@dataclass(frozen=True)
class Frames:
    """The frames of one WebSocket, as the application gets to see them."""

    guard: Guard
    from_client: Receive
    to_client: Send
    when_gone: list[Callable[[], object]] = field(default_factory=list)
    """Called as soon as the client is gone, while its last frame may still be being answered."""
    _events: asyncio.Queue[Event] = field(default_factory=lambda: asyncio.Queue(1))

    async def read(self) -> None:
        """Read ahead, up to two frames: further on it cannot see whether the client is still there."""
        event: Event = {"type": ""}
        while event["type"] != "websocket.disconnect":
            event = await self.from_client()
            if event["type"] == "websocket.disconnect":
                for call in self.when_gone:
                    call()
            await self._events.put(event)

    async def receive(self) -> Event:
        """Return the next event that the application can understand."""
        while True:
            try:
                async with asyncio.timeout(self.guard.idle_seconds):
                    event = await self._events.get()
            except TimeoutError:
                await self._tell("idle", "no frame came for too long: the session is closed")
                return {"type": "websocket.disconnect", "code": 1001}
            if event["type"] != "websocket.receive" or _is_object(event.get("text")):
                return event
            await self._tell("frame", "a frame is a JSON object, as text")

    async def _tell(self, reason: str, message: str) -> None:
        self.guard.counters.add("sandmle_refused_total", reason=reason)
        code = "SESSION_ERROR" if reason == "idle" else "INVALID_JSON"
        error = {"type": "error", "data": {"message": message, "code": code}}
        await self.to_client({"type": "websocket.send", "text": json.dumps(error)})


def _is_object(text: str | None) -> bool:
    """Tell whether a frame is one; its fields are the application's concern."""
    try:
        return text is not None and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
