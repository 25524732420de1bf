"""NeMo Gym: a resources server, for rows of `dataset(split, "nemo")`.

Put this into `resources_servers/sandmle/app.py` of a NeMo Gym project:

    from sandmle_gym.integrations.nemo import SandMLEResourcesServer
    if __name__ == "__main__":
        SandMLEResourcesServer.run_webserver()

`/seed_session` starts the row's task, every other name is a tool, `/verify` grades what lies there.
"""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportIncompatibleMethodOverride=false
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from nemo_gym.base_resources_server import (
    BaseResourcesServerConfig,
    BaseSeedSessionRequest,
    BaseSeedSessionResponse,
    BaseVerifyRequest,
    BaseVerifyResponse,
    SimpleResourcesServer,
)
from nemo_gym.server_utils import SESSION_ID_KEY
from pydantic import ConfigDict, PrivateAttr

from sandmle_gym.episode import EpisodeOptions, make_options
from sandmle_gym.errors import SandMLEError, UserError
from sandmle_gym.session import OVER, Session, choose
from sandmle_gym.threads import in_thread

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class SandMLEResourcesConfig(BaseResourcesServerConfig):
    """How episodes are played; see `episode.EpisodeOptions`."""

    feedback: str = "public"
    reward: str = "paper"
    sandbox: str = "auto"
    turns: int = 30
    step_seconds: float = 60.0
    idle_seconds: float = 1800.0
    """An episode without a call for so long is dropped: its trainer has gone."""

    @property
    def options(self) -> EpisodeOptions:
        """The options of an episode."""
        return make_options(
            protocol="tools",
            feedback=self.feedback,
            reward=self.reward,
            sandbox=self.sandbox,
            limits={"turns": self.turns, "step_seconds": self.step_seconds},
        )


class SeedRequest(BaseSeedSessionRequest):
    """The row: `task`, or `split` and `index`."""

    model_config = ConfigDict(extra="allow")

    task: str | None = None
    split: str | None = None
    index: int = 0


class SandMLEVerifyResponse(BaseVerifyResponse):
    """The reward, and what averages are wanted of."""

    valid: float
    medal: float
    actions: float


class SandMLEResourcesServer(SimpleResourcesServer):
    """One episode per session of the agent."""

    config: SandMLEResourcesConfig
    _sessions: dict[str, tuple[Session, float]] = PrivateAttr(default_factory=dict)
    """Episodes, and when they were last used, by the id of the session."""

    def setup_webserver(self) -> FastAPI:
        """Add one route for all tools: an unknown one is answered by a sentence, too."""
        app = super().setup_webserver()
        app.post("/{tool}")(self.call)
        return app

    async def seed_session(self, request: Request, body: SeedRequest) -> BaseSeedSessionResponse:
        """Start the episode of a row; a session that has one already drops it."""
        await self._drop_idle()
        key = request.session[SESSION_ID_KEY]
        session, _ = self._sessions.get(key, (None, 0.0))
        session = session or Session(self.config.options)
        self._sessions[key] = (session, time.monotonic())
        split = None if body.split == "all" else body.split
        await _told(lambda: session.start(choose(body.task, split, body.index)))
        return BaseSeedSessionResponse()

    async def call(self, tool: str, request: Request) -> PlainTextResponse:
        """Call a tool; the body is its arguments, in JSON."""
        key = request.session[SESSION_ID_KEY]
        if key not in self._sessions:
            return PlainTextResponse(OVER)
        session, _ = self._sessions[key]
        self._sessions[key] = (session, time.monotonic())
        arguments = (await request.body()).decode("utf-8", "replace")
        return PlainTextResponse(await _told(lambda: session.call(tool, arguments)))

    async def verify(self, request: Request, body: BaseVerifyRequest) -> SandMLEVerifyResponse:
        """Grade what lies there, and free the sandbox.

        Raises:
            HTTPException: There is no episode (404), or it is void (503): never a reward of 0.
        """
        session, _ = self._sessions.pop(request.session[SESSION_ID_KEY], (None, 0.0))
        if session is None or session.episode is None:
            raise HTTPException(404, "this session has no episode: seed it first")
        try:
            reward = await _told(session.finish)
            outcome = session.episode.outcome
            if outcome is None or reward is None:
                raise HTTPException(503, "the episode is void")
        finally:
            await in_thread(session.close)
        return SandMLEVerifyResponse(
            **body.model_dump(),
            reward=reward,
            valid=float(outcome.grade.valid),
            medal=float(outcome.grade.medal not in ("none", "median")),
            actions=float(len(session.episode.transcript)),
        )

    async def _drop_idle(self) -> None:
        oldest = time.monotonic() - self.config.idle_seconds
        for key in [key for key, (_, used) in self._sessions.items() if used < oldest]:
            session, _ = self._sessions.pop(key)
            await in_thread(session.close)


async def _told(work: Callable[[], T]) -> T:
    """Run blocking work; errors become answers without a trace, the cause stays in the log."""
    try:
        return await in_thread(work)
    except UserError as error:
        raise HTTPException(422, str(error)) from None
    except SandMLEError:
        _logger.exception("an episode is void")
        raise HTTPException(503, "the server broke: this episode is void") from None
