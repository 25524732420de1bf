"""verl: the agent loop "sandmle", for rows of `dataset(split, "verl")`.

verl's own tool loop makes a tool anew for every call, so what lives for an episode lives in the loop. It
is named to verl in the file of `actor_rollout_ref.rollout.agent.agent_loop_config_path`:

    - name: sandmle
      _target_: sandmle_gym.integrations.verl.SandMLEAgentLoop
      options: {reward: paper}
"""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, ToolListWrap, register
from verl.experimental.agent_loop.tool_agent_loop import AgentData, AgentState, ToolAgentLoop
from verl.experimental.agent_loop.tool_parser import FunctionCall
from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse

from sandmle_gym.episode import make_options
from sandmle_gym.session import Session, choose, schemas
from sandmle_gym.threads import in_thread
from sandmle_gym.trajectory import opening


@dataclass(frozen=True)
class _Tool:
    """What verl asks of a tool whose calls are played elsewhere."""

    name: str
    tool_schema: OpenAIFunctionToolSchema


_TOOLS = [_Tool(s["function"]["name"], OpenAIFunctionToolSchema(**s)) for s in schemas()]


@register("sandmle")
class SandMLEAgentLoop(ToolAgentLoop):
    """One episode, from the prompt to the reward."""

    def __init__(
        self,
        *args: Any,
        options: Mapping[str, Any] | None = None,
        mask_timeouts: bool = True,
        **kwargs: Any,
    ) -> None:
        """Prepare an episode.

        Args:
            args: What verl hands over.
            options: `episode.EpisodeOptions`.
            mask_timeouts: Train on no token of an episode that ran out of time. (Its reward still
                takes part in the group's mean: verl has no way to leave it out.)
            kwargs: What verl hands over; its own list of tools has no effect.

        Raises:
            UserError: An option is wrong.
        """
        super().__init__(*args, **kwargs | {"tools": ToolListWrap(_TOOLS)})
        plain = OmegaConf.to_container(options) if isinstance(options, DictConfig) else options
        self._session = Session(make_options(**{"protocol": "tools", **(plain or {})}))
        self._mask_timeouts = mask_timeouts

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> AgentLoopOutput:
        """Play the episode of a row; the task takes the place of the row's last message.

        Raises:
            SandboxError: The sandbox broke; the episode is void.
        """
        row, session = kwargs.get("extra_info") or {}, self._session
        task = choose(row.get("task"), row.get("split"), int(row.get("index", 0)))
        try:
            await in_thread(session.start, task)
            assert session.episode is not None
            prompt = [*list(kwargs["raw_prompt"])[:-1], opening(session.episode)]
            output = await super().run(sampling_params, **{**kwargs, "raw_prompt": prompt})
            output.reward_score = await in_thread(session.finish)
            output.extra_fields["stop"] = session.episode.stop
            if self._mask_timeouts and session.episode.stop == "time":
                output.response_mask = [0] * len(output.response_mask)
            return output
        finally:
            await in_thread(session.close)

    async def _call_tool(
        self, tool_call: FunctionCall, tools_kwargs: dict[str, Any], agent_data: AgentData
    ) -> tuple[ToolResponse, float, dict[str, Any]]:
        del tools_kwargs, agent_data
        text = await in_thread(self._session.call, tool_call.name, tool_call.arguments)
        return ToolResponse(text=text), 0.0, {}

    async def _handle_processing_tools_state(self, agent_data: AgentData) -> AgentState:
        state = await super()._handle_processing_tools_state(agent_data)
        return AgentState.TERMINATED if self._session.done else state
