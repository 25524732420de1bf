"""The server behind `sandmle serve`: OpenEnv's own HTTP and WebSocket routes, guarded and counted."""

import functools
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn  # pyright: ignore[reportMissingImports]
from fastapi import FastAPI, Request  # pyright: ignore[reportMissingImports]
from fastapi.responses import (  # pyright: ignore[reportMissingImports]
    JSONResponse,
    PlainTextResponse,
)
from openenv.core.env_server import (  # pyright: ignore[reportMissingImports]
    CallToolAction,
    CallToolObservation,
    ConcurrencyConfig,
    HTTPEnvServer,
)

from sandmle_gym.episode import EpisodeOptions
from sandmle_gym.errors import UserError
from sandmle_gym.integrations.openenv.counters import Counters
from sandmle_gym.integrations.openenv.environment import (
    Opening,
    ServedEnvironment,
    VoidEpisodeError,
)
from sandmle_gym.integrations.openenv.guard import Guard, websocket

MAX_BYTES = 2 << 20
"""Largest body or frame: the longest action (200,000 characters) with every character escaped."""
SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ServerOptions:
    """How a server listens and what it lets clients use up."""

    episode: EpisodeOptions = field(
        default_factory=functools.partial(EpisodeOptions, protocol="tools")
    )
    host: str = "127.0.0.1"
    port: int = 8000
    """0: any free one."""
    token: str | None = None
    """Shared secret of server and clients; needed wherever others than this machine can connect."""
    max_sessions: int = 256
    idle_seconds: float = 900.0
    """A client silent for so long, while no step of its runs, loses its session."""

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise UserError(f"a token has at least {SHORTEST_TOKEN} characters")
        if self.token is None and not _is_loopback(self.host):
            raise UserError(
                f"listening on {self.host} lets others run code here: set a token "
                "(--token, or the environment variable SANDMLE_TOKEN), or listen on 127.0.0.1"
            )
        if self.max_sessions < 1 or self.idle_seconds <= 0:
            raise UserError("max_sessions is at least 1, idle_seconds above 0")


class _Server(HTTPEnvServer):
    """OpenEnv's server; a session with a WebSocket is left to the guard, not to its own reaper."""

    async def _create_session(self) -> Any:
        session, environment = await super()._create_session()
        frames = websocket.get()
        if frames is not None:
            assert isinstance(environment, ServedEnvironment)
            self._session_websocket_attachments.add(session)
            frames.when_gone.append(environment.abort)
        return session, environment


def make_app(options: ServerOptions | None = None) -> Guard:
    """Return the ASGI application."""
    options = options or ServerOptions()
    counters = Counters()
    app = FastAPI(title="sandmle_gym", version="1.0.0", description="An OpenEnv server.")
    server = _Server(
        functools.partial(ServedEnvironment, options.episode, counters),
        CallToolAction,
        CallToolObservation,
        concurrency_config=ConcurrencyConfig(
            max_concurrent_envs=options.max_sessions, session_timeout=options.idle_seconds
        ),
        env_name="sandmle",
        reset_observation_cls=Opening,
    )
    server.register_routes(app)

    @app.get("/metrics")
    def metrics() -> PlainTextResponse:
        text = counters.text(sessions=server.active_sessions, max_sessions=options.max_sessions)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    for error, status in ((UserError, 422), (VoidEpisodeError, 503)):
        app.add_exception_handler(error, _answer(status))
    return Guard(app, counters, options.token, MAX_BYTES, options.idle_seconds)


def serve(options: ServerOptions, ready: Callable[[str], object] = str) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: See there.
        ready: Called with the URL once the port is taken.

    Raises:
        UserError: The address cannot be listened on.
        IsolationUnavailableError: This machine offers no isolation.
    """
    from sandmle_gym.sandbox import get_backend
    from sandmle_gym.storage import public_root

    get_backend(options.episode.sandbox, public_root=public_root())  # fail now, not at a client
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listener = socket.create_server((options.host, options.port), family=family, backlog=1024)
    except OSError as error:
        raise UserError(f"cannot listen on {options.host}:{options.port}: {error}") from None
    with listener:
        host = f"[{options.host}]" if family == socket.AF_INET6 else options.host
        ready(f"http://{host}:{listener.getsockname()[1]}")
        make_server(options).run(sockets=[listener])


def make_server(options: ServerOptions) -> uvicorn.Server:
    """Return the HTTP server, not yet running."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(options),
            log_level="warning",
            server_header=False,
            ws_max_size=MAX_BYTES,
            ws_per_message_deflate=False,  # a third of a megabyte per session, and slower
            timeout_graceful_shutdown=5,
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _answer(status: int) -> Callable[[Request, Exception], JSONResponse]:
    return lambda _, error: JSONResponse({"detail": str(error)}, status)
