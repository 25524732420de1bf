"""Laws of the protocols: what a model writes is what runs, or a sentence says why not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.errors import UnknownNameError
from sandmle_gym.protocols import (
    TOOLS,
    MalformedCallError,
    ToolCall,
    get_protocol,
    instructions,
    make_call,
    protocol_names,
)

HEREDOC = "cat > notes.md <<'EOF'\n```python\nprint(1)\n```\nEOF"

PLAIN = [
    ("ls -l", ToolCall("bash", "ls -l")),
    ("  ls\n", ToolCall("bash", "  ls\n")),
    (HEREDOC, ToolCall("bash", HEREDOC)),
    ("```python\nprint(1)\n```", ToolCall("python", "print(1)")),
    ("\n```py\nprint(1)\n\nprint(2)\n```\n", ToolCall("python", "print(1)\n\nprint(2)")),
    ("````python\nx = '''\n```\n'''\n````", ToolCall("python", "x = '''\n```\n'''")),
    ("```bash\nls\n```", ToolCall("bash", "ls")),
    ("```\nls\n```", ToolCall("bash", "ls")),
    ("~~~python\n1\n~~~", ToolCall("python", "1")),
    ("```python\n```", ToolCall("python", "")),
    ("```submit\n```", ToolCall("submit")),
    ("submit", ToolCall("submit")),
    (" validate()\n", ToolCall("validate")),
    ("score", ToolCall("score")),
    ("score.sh", ToolCall("bash", "score.sh")),
    ("echo submit", ToolCall("bash", "echo submit")),
    (
        '<tool_call>{"name": "bash", "arguments": {"command": "ls"}}</tool_call>',
        ToolCall("bash", "ls"),
    ),
    (
        "<tool_call>\npython\n<code>\nprint(1)\n</code>\n</tool_call>",
        ToolCall("python", "print(1)"),
    ),
    ("<answer>submission</answer>", ToolCall("submit")),
    ("first\n```bash\nls\n```", ToolCall("bash", "first\n```bash\nls\n```")),
    ("```bash\nls\n```\n```bash\nls\n```", ToolCall("bash", "```bash\nls\n```\n```bash\nls\n```")),
]


@pytest.mark.parametrize(("text", "call"), PLAIN)
def test_plain_text_is_a_shell_command_unless_the_whole_of_it_is_something_else(text, call):
    parsed = get_protocol("plain")(text)
    assert parsed.call == call
    assert parsed.well_formed


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        '<tool_call>{"name": "bahs"}</tool_call>',
        "<tool_call>{</tool_call>",
        "```ruby\n1\n```",
    ],
)
def test_plain_says_what_is_wrong_with_a_broken_action(text):
    parsed = get_protocol("plain")(text)
    assert parsed.call is None
    assert not parsed.well_formed
    assert parsed.problem


REACT_CALL = '<tool_call>{"name": "python", "arguments": {"code": "1"}}</tool_call>'


@pytest.mark.parametrize(
    ("text", "call", "well_formed"),
    [
        (f"<think>look first</think>{REACT_CALL}", ToolCall("python", "1"), True),
        (f"look first</think>{REACT_CALL}", ToolCall("python", "1"), True),
        (f"<think> </think>{REACT_CALL}", ToolCall("python", "1"), False),
        (REACT_CALL, ToolCall("python", "1"), False),
        ("<think>done</think><answer>submission</answer>", ToolCall("submit"), True),
        (f"<think>x</think>{REACT_CALL}{REACT_CALL}", None, False),
        ("<think>x</think>", None, False),
        (f"<think>{REACT_CALL}</think>", None, False),
    ],
)
def test_react_wants_a_thought_and_exactly_one_call(text, call, well_formed):
    parsed = get_protocol("react")(text)
    assert (parsed.call, parsed.well_formed) == (call, well_formed)


@pytest.mark.parametrize(
    ("name", "text", "call"),
    [
        ("hermes", f"I will look.\n{REACT_CALL}", ToolCall("python", "1")),
        ("hermes", "I will look.", None),
        ("hermes", REACT_CALL * 2, None),
        ("fenced", "Let me see:\n```python\n1\n```\nThen more.", ToolCall("python", "1")),
        ("fenced", "```python\n1\n```\n```bash\nls\n```", None),
        ("fenced", "no block", None),
        ("fenced", "```python\nnever closed", None),
    ],
)
def test_one_call_per_action(name, text, call):
    assert get_protocol(name)(text).call == call


@pytest.mark.parametrize("name", protocol_names())
@given(text=st.text() | st.text(alphabet="`~<>/{}\"'\n abcdefhilnoprstyk_:"))
def test_any_text_is_parsed_without_an_error(name, text):
    parsed = get_protocol(name)(text)
    assert parsed.call is None or parsed.call.name in TOOLS
    assert parsed.call is not None or (parsed.problem and not parsed.well_formed)


@given(code=st.text().filter(lambda code: "</tool_call>" not in json.dumps(code)))
def test_json_calls_carry_any_source_unchanged(code):
    call = json.dumps({"name": "python", "arguments": {"code": code}})
    assert get_protocol("hermes")(f"<tool_call>{call}</tool_call>").call == ToolCall("python", code)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("pyhton", {"code": "1"}),
        ("python", {"cod": "1"}),
        ("python", {"code": 1}),
        ("python", {}),
        ("python", "not json"),
        ("submit", {"path": "x"}),
        ("bash", ["ls"]),
    ],
)
def test_a_wrong_call_is_explained(name, arguments):
    with pytest.raises(MalformedCallError, match=r"python|submit|bash|JSON"):
        make_call(name, arguments)


@pytest.mark.parametrize("arguments", [{"command": "ls"}, '{"command": "ls"}'])
def test_arguments_come_as_a_mapping_or_as_its_json(arguments):
    assert make_call("bash", arguments) == ToolCall("bash", "ls")


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_explains_itself(name):
    assert "submit" in instructions(name) or "submission" in instructions(name)


def test_an_unknown_protocol_suggests_the_right_one():
    with pytest.raises(UnknownNameError, match="hermes"):
        get_protocol("hermess")


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_tool_schemas_have_plain_types_only(tool):
    function = tool.schema["function"]
    assert all(
        set(p) == {"type", "description"} for p in function["parameters"]["properties"].values()
    )
