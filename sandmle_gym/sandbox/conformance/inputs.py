"""What callers may get wrong: each mistake is an error that says so, and costs the episode nothing."""

import math
from collections.abc import Callable
from typing import Any

from sandmle_gym.sandbox.base import Kind, Sandbox
from sandmle_gym.sandbox.conformance.subject import Subject, check, shown, text

_NOT_TEXT: tuple[Any, ...] = (None, b"echo", 3, ["echo"])


def _refused(error: type[Exception], call: Callable[[], object], what: object) -> None:
    words = ""
    try:
        call()
    except error as refusal:
        words = str(refusal)
    assert words, f"{what!r} was accepted, or refused without a word"


def _is_well(sandbox: Sandbox) -> None:
    assert text(sandbox.run("bash", "echo well", seconds=30)) == "well\n"


@check()
def a_source_is_text(subject: Subject) -> None:
    """A command that is no `str` is a TypeError, of every kind."""
    with subject.open() as sandbox:
        for source in _NOT_TEXT:
            for kind in ("bash", "python", "cell"):
                _refused(
                    TypeError,
                    lambda kind=kind, source=source: sandbox.run(kind, source, seconds=1),
                    source,
                )
        _is_well(sandbox)


@check()
def a_kind_is_one_of_three(subject: Subject) -> None:
    """Any other kind of command is a ValueError that names the known ones."""
    with subject.open() as sandbox:
        for kind in ("sh", "", "BASH", None, 3):
            given: Any = kind
            _refused(ValueError, lambda given=given: sandbox.run(given, "true", seconds=1), kind)
        _is_well(sandbox)


@check()
def seconds_are_positive_and_finite(subject: Subject) -> None:
    """A time limit of 0, below, infinite or not a number at all is a ValueError or TypeError."""
    with subject.open() as sandbox:
        for seconds in (0, -1, 0.0, -0.5, math.nan, math.inf, -math.inf):
            _refused(
                ValueError,
                lambda seconds=seconds: sandbox.run("bash", "true", seconds=seconds),
                seconds,
            )
        for seconds in (None, "1", b"1"):
            wrong: Any = seconds
            _refused(
                TypeError, lambda wrong=wrong: sandbox.run("bash", "true", seconds=wrong), wrong
            )
        _is_well(sandbox)


@check()
def a_tiny_time_limit_is_a_time_limit(subject: Subject) -> None:
    """A nanosecond is a value: the command ends as `timeout`, or was faster."""
    with subject.open() as sandbox:
        result = sandbox.run("bash", "sleep 5", seconds=1e-9)
        assert result.status == "timeout"
        _is_well(sandbox)


@check()
def kept_bytes_are_counted(subject: Subject) -> None:
    """`keep_bytes=0` keeps nothing and counts all; a negative number is a ValueError."""
    with subject.open() as sandbox:
        result = sandbox.run("bash", "printf 12345", seconds=30, keep_bytes=0)
        assert (result.status, result.head, result.tail, result.dropped) == ("exited", b"", b"", 5)
        result = sandbox.run("bash", "printf 12345", seconds=30, keep_bytes=1)
        assert len(result.head) + len(result.tail) <= 1
        assert len(result.head) + len(result.tail) + result.dropped == 5
        for wrong in (-1, -(1 << 40)):
            _refused(
                ValueError,
                lambda wrong=wrong: sandbox.run("bash", "true", seconds=1, keep_bytes=wrong),
                wrong,
            )
        _is_well(sandbox)


@check()
def fetched_bytes_are_counted(subject: Subject) -> None:
    """`max_bytes=0` fetches empty files alone; a negative number is a ValueError."""
    with subject.open() as sandbox:
        sandbox.put({"empty": b"", "one": b"1"})
        assert sandbox.get("empty", max_bytes=0).data == b""
        assert sandbox.get("one", max_bytes=0).problem == "too_large"
        assert sandbox.get("absent", max_bytes=0).problem == "missing"
        _refused(ValueError, lambda: sandbox.get("one", max_bytes=-1), -1)
        _is_well(sandbox)


@check()
def a_huge_source_is_a_source(subject: Subject) -> None:
    """Ten megabytes of text run, of every kind."""
    with subject.open() as sandbox:
        padding = "# " + "x" * 1000 + "\n"
        ends: dict[Kind, str] = {
            "bash": "echo end",
            "python": "print('end')",
            "cell": "print('end')",
        }
        for kind, end in ends.items():
            result = sandbox.run(kind, padding * 10_000 + end, seconds=60)
            assert text(result) == "end\n", kind


@check()
def any_character_is_a_character(subject: Subject) -> None:
    """NULs, lone surrogates and the highest code point are values: the command ends by itself."""
    with subject.open() as sandbox:
        for kind in ("bash", "python", "cell"):
            for source in (
                "\0",
                "#\ud800",
                "#\udcff",
                "#\U0010ffff",
                "\ufeff",
                "\r\n\x0b\x0c\x1c\u2028",
            ):
                result = sandbox.run(kind, source, seconds=30)
                assert result.status == "exited", (kind, source, shown(result))
        _is_well(sandbox)


@check()
def strange_names_are_names(subject: Subject) -> None:
    """A name with a newline, a blank, a control character, a leading dash or of 255 bytes holds a file."""
    names = (
        "a\nb",
        " ",
        "-rf",
        "\x1b[2J",
        "a" * 255,
        "ü",
        "*",
        "$(true)",
        "a b/c\td",
        "..a",
        "...",
    )
    with subject.open() as sandbox:
        for name in names:
            assert sandbox.put({name: name.encode()}) == (), name
            assert sandbox.get(name, max_bytes=1000).data == name.encode(), name
        _is_well(sandbox)


@check()
def impossible_names_are_refused(subject: Subject) -> None:
    """A name that leaves the directory, is longer than a path can be, or no text, is the caller's error."""
    wrong = (
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a\0b",
        "x" * 5000,
        "a/" * 3000 + "b",
        "\ud800",
    )
    with subject.open() as sandbox:
        for name in wrong:
            _refused(ValueError, lambda name=name: sandbox.put({name: b""}), name[:30])
            _refused(ValueError, lambda name=name: sandbox.get(name, max_bytes=1), name[:30])
        for name in (None, b"x", 3):
            given: Any = name
            _refused(TypeError, lambda given=given: sandbox.put({given: b""}), name)
            _refused(TypeError, lambda given=given: sandbox.get(given, max_bytes=1), name)
        assert text(sandbox.run("bash", "ls", seconds=30)) == "sample.csv\ntrain.csv\n"


@check()
def a_name_too_long_for_the_file_system_is_a_value(subject: Subject) -> None:
    """A component of more than 255 bytes cannot be written, and is missing."""
    name = "x" * 300
    with subject.open() as sandbox:
        assert sandbox.put({name: b"", "y": b""}) == (name,)
        assert sandbox.get(name, max_bytes=1).problem == "missing"
        assert sandbox.get("y", max_bytes=1).data == b""


@check()
def data_are_bytes(subject: Subject) -> None:
    """What is put is `bytes`; anything else is a TypeError, and no file of that call is written."""
    with subject.open() as sandbox:
        for data in ("text", None, 3):
            wrong: Any = data
            _refused(TypeError, lambda wrong=wrong: sandbox.put({"a": b"1", "b": wrong}), data)
            assert sandbox.get("a", max_bytes=1).problem == "missing"
        assert sandbox.put({}) == ()
        _is_well(sandbox)
