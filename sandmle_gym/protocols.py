"""Agent text to tool call: what a model must write so that the episode understands it.

A protocol is a function from the text of one action to `Parsed`. It decides two things: which tool is
called, and whether the action was well-formed (the paper's format reward is the share of those).

    plain    the text is a shell command, verbatim, unless the *whole* of it is one fenced block, one
             tool call, or the word submit, validate or score (the default)
    fenced   prose around exactly one fenced block ```bash, ```python or ```submit
    hermes   prose, then exactly one <tool_call>{"name": …, "arguments": {…}}</tool_call>
    tools    for callers that hand over structured tool calls; their text form is that of hermes
    react    SandMLE's own: a non-empty <think>…</think>, then exactly one tool call (JSON, or python
             with a <code> block) or <answer>submission</answer>
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sandmle_gym.errors import UnknownNameError


@dataclass(frozen=True)
class Tool:
    """One thing an agent can do; `argument` is the name of its only parameter, if it has one."""

    name: str
    description: str
    argument: str | None = None
    argument_description: str = ""

    @property
    def schema(self) -> dict[str, object]:
        """The tool as an OpenAI function schema (plain types only, no `$ref`, no `anyOf`)."""
        properties = (
            {self.argument: {"type": "string", "description": self.argument_description}}
            if self.argument
            else {}
        )
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": properties,
                    "required": list(properties),
                },
            },
        }


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "bash",
            "Run a shell command in the working directory. Files persist, shell variables do not.",
            "command",
            "The command, as for `bash -c`.",
        ),
        Tool("python", "Run Python code in the working directory.", "code", "Python source."),
        Tool("validate", "Check the format of submission.csv without scoring it."),
        Tool("score", "Score submission.csv on the public part of the hidden rows."),
        Tool("submit", "Hand in submission.csv and end the episode."),
    )
}


@dataclass(frozen=True)
class ToolCall:
    """A tool by name, with its argument (empty for tools that take none)."""

    name: str
    argument: str = ""


@dataclass(frozen=True)
class Parsed:
    """What an action meant. `call` is None where no tool could be made out; then `problem` says why."""

    call: ToolCall | None
    well_formed: bool
    problem: str = ""


Protocol = Callable[[str], Parsed]


@dataclass(frozen=True)
class _Syntax:
    parse: Protocol
    instructions: str


def get_protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises:
        UnknownNameError: There is none of that name.
    """
    return _syntax(name).parse


def instructions(name: str) -> str:
    """Tell an agent, in a few lines, how to write its actions under this protocol."""
    return _syntax(name).instructions


def protocol_names() -> tuple[str, ...]:
    """Return the names of all protocols."""
    return tuple(_PROTOCOLS)


def make_call(name: str, arguments: object) -> ToolCall:
    """Check a tool call given as a name and a mapping (or its JSON text), as trainers deliver it.

    Raises:
        MalformedCallError: Unknown tool, or arguments that do not fit; the message is for the agent.
    """
    tool = TOOLS.get(name)
    if tool is None:
        close = get_close_matches(name, TOOLS, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise MalformedCallError(f"There is no tool {name!r}; there are {', '.join(TOOLS)}.{hint}")
    if isinstance(arguments, str):
        arguments = _json(arguments or "{}")
    if arguments is None:
        arguments = {}
    expected = {tool.argument} if tool.argument else set()
    if not isinstance(arguments, Mapping) or set(arguments) != expected:
        wants = f'{{"{tool.argument}": "…"}}' if tool.argument else "{}"
        raise MalformedCallError(f"The arguments of {name} must be exactly {wants}.")
    if tool.argument is None:
        return ToolCall(name)
    value = arguments[tool.argument]
    if not isinstance(value, str):
        raise MalformedCallError(f"The argument {tool.argument!r} of {name} must be a string.")
    return ToolCall(name, value)


class MalformedCallError(ValueError):
    """A tool call that cannot be understood; its message is shown to the agent."""


def plain(text: str) -> Parsed:
    """Take the text as a shell command unless the whole of it is something else."""
    whole = text.strip()
    if not whole:
        return _malformed("The action was empty.")
    if match := _WORD.fullmatch(whole):
        return _call(ToolCall(match[1]))
    if (block := _whole_fence(whole)) is not None:
        return _fence_call(block)
    if match := _TOOL_CALL.fullmatch(whole):
        return _tagged_call(match[1])
    if _ANSWER.fullmatch(whole):
        return _call(ToolCall("submit"))
    return _call(ToolCall("bash", text))


def fenced(text: str) -> Parsed:
    """Take the one fenced block of the text."""
    blocks = _fences(text)
    if len(blocks) != 1:
        return _malformed(f"Write exactly one fenced block per action; there were {len(blocks)}.")
    return _fence_call(blocks[0])


def hermes(text: str) -> Parsed:
    """Take the one JSON tool call of the text (Hermes/Qwen form)."""
    bodies = _TOOL_CALL.findall(text)
    if len(bodies) != 1:
        return _malformed(f"Write exactly one <tool_call> per action; there were {len(bodies)}.")
    return _tagged_call(bodies[0])


def react(text: str) -> Parsed:
    """Take one tool call or answer after a thought (the SandMLE paper's ReAct form).

    The opening <think> may be missing, since chat templates of thinking models write it themselves.
    A call without a thought still runs; it only is not well-formed.
    """
    thought, closing, rest = text.partition("</think>")
    has_thought = bool(closing and thought.strip().removeprefix("<think>").strip())
    if not closing:
        rest = text
    bodies, answers = _TOOL_CALL.findall(rest), _ANSWER.findall(rest)
    if len(bodies) + len(answers) != 1:
        return _malformed("After the thought, write exactly one <tool_call> or <answer>.")
    parsed = _call(ToolCall("submit")) if answers else _tagged_call(bodies[0])
    return replace(parsed, well_formed=parsed.well_formed and has_thought)


_WORD = re.compile(r"(submit|validate|score)(?:\(\))?")
_TOOL_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)
_ANSWER = re.compile(r"<answer>.*?</answer>", re.DOTALL)
_CODE = re.compile(r"python\s*<code>(.*)</code>", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*?)[ \t]*$")
_LANGUAGES = {
    "bash": "bash",
    "sh": "bash",
    "shell": "bash",
    "": "bash",
    "python": "python",
    "py": "python",
    "python3": "python",
}


@dataclass(frozen=True)
class _Block:
    language: str
    body: str
    first: int
    """Line of the opening fence."""
    last: int
    """Line of the closing fence."""


def _call(call: ToolCall) -> Parsed:
    return Parsed(call, well_formed=True)


def _malformed(problem: str) -> Parsed:
    return Parsed(None, well_formed=False, problem=problem)


def _tagged_call(body: str) -> Parsed:
    """Read what stands between <tool_call> tags: JSON, or SandMLE's `python` with a <code> block."""
    body = body.strip()
    if match := _CODE.fullmatch(body):
        return _call(ToolCall("python", match[1].strip("\n")))
    try:
        value = _json(body)
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            return _malformed('A tool call is {"name": "…", "arguments": {…}}.')
        return _call(make_call(value["name"], value.get("arguments")))
    except MalformedCallError as error:
        return _malformed(str(error))


def _fence_call(block: _Block) -> Parsed:
    language = block.language
    if language in TOOLS and TOOLS[language].argument is None:
        return _call(ToolCall(language))
    tool = _LANGUAGES.get(language)
    if tool is None:
        return _malformed(
            f"A fenced block is bash, python, validate, score or submit, not {language}."
        )
    return _call(ToolCall(tool, block.body))


def _whole_fence(text: str) -> _Block | None:
    """Return the block if the text is one fenced block from its first line to its last."""
    blocks = _fences(text)
    whole = len(blocks) == 1 and blocks[0].first == 0 and blocks[0].last == text.count("\n")
    return blocks[0] if whole else None


def _fences(text: str) -> list[_Block]:
    """Find every closed fenced block, as CommonMark delimits them."""
    lines = text.split("\n")
    blocks: list[_Block] = []
    opening: tuple[int, str, str] | None = None
    for number, line in enumerate(lines):
        match = _FENCE.match(line.rstrip("\r"))
        if not match:
            continue
        if opening is None:
            opening = (number, match[1], match[2].lower())
        elif not match[2] and match[1].startswith(opening[1]):
            first, _, language = opening
            blocks.append(_Block(language, "\n".join(lines[first + 1 : number]), first, number))
            opening = None
    return blocks


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedCallError(f"The tool call is not valid JSON: {error}.") from None


def _syntax(name: str) -> _Syntax:
    try:
        return _PROTOCOLS[name]
    except KeyError:
        raise UnknownNameError("protocol", name, _PROTOCOLS) from None


_PROTOCOLS: Mapping[str, _Syntax] = {
    "plain": _Syntax(
        plain,
        "Each action is one shell command (any number of lines), or as a whole one fenced block:\n"
        "```python … ``` runs Python. The single word validate, score or submit calls that tool.",
    ),
    "fenced": _Syntax(
        fenced,
        "Each action holds exactly one fenced block: ```bash or ```python with what to run, or an\n"
        "empty ```validate, ```score or ```submit block.",
    ),
    "hermes": _Syntax(
        hermes,
        'Each action ends with exactly one tool call: <tool_call>{"name": "python", "arguments": '
        '{"code": "…"}}</tool_call>.\nTools: bash(command), python(code), validate(), score(), submit().',
    ),
    "tools": _Syntax(
        hermes,
        "Each action is one call of a tool: bash(command), python(code), validate(), score() or submit().",
    ),
    "react": _Syntax(
        react,
        "Each action is a thought and then exactly one tool call:\n"
        "<think>…</think>\n<tool_call>\npython\n<code>\n…\n</code>\n</tool_call>\n"
        'or <tool_call>{"name": "bash", "arguments": {"command": "…"}}</tool_call> '
        "(also validate, score).\nFinish with <think>…</think><answer>submission</answer>.",
    ),
}
