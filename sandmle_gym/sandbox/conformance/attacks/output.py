"""After the memory and the reader of the host: output that is too much, or is made to deceive."""

from sandmle_gym.sandbox.base import Kind
from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_SAME = "the host's side bounds output, for every backend alike"


def _output(name: str, law: str, kind: Kind, program: str, *, seconds: float = 20) -> Attack:
    """Build an attack on what the host keeps of an output."""
    return Attack(name, law, "output", kind, program, seconds=seconds, unwalled="fails", why=_SAME)


ATTACKS = (
    _output(
        "print_without_end",
        "A flood is cut, and its command killed.",
        "bash",
        "echo tried; yes",
    ),
    _output(
        "print_without_end_from_many",
        "A flood of many processes is cut like one.",
        "bash",
        "echo tried; for i in 1 2 3 4; do cat /dev/zero & yes >&2 & done; wait",
    ),
    _output(
        "print_without_end_in_a_cell",
        "A flood of a session is cut.",
        "cell",
        "print('tried')\nwhile True: print('x' * 100_000)",
    ),
    _output(
        "print_one_huge_value",
        "The value of an expression is output like any other.",
        "cell",
        "print('tried')\n'x' * 20_000_000",
    ),
    _output(
        "go_on_printing_after_the_end",
        "What is printed after the end of a command is in no later output.",
        "bash",
        "(sleep 0.2; while :; do echo late; sleep 0.01; done) & echo tried",
    ),
    _output(
        "print_what_is_not_text",
        "Any bytes are a value: control sequences, NULs, broken Unicode, a million carriage returns.",
        "python",
        "import os, sys\nprint('tried', flush=True)\n"
        "os.write(1, bytes(range(256)) * 100 + b'\\xed\\xa0\\x80\\xff\\xfe' * 100 + "
        "b'\\x1b]0;x\\x07\\x1b[2J')\n"
        "os.write(2, b'\\r' * 1_000_000); os.write(0, b'x')",
    ),
    _output(
        "close_every_stream",
        "A command without output is a command.",
        "bash",
        'echo tried; exec <&- >&- 2>&-; for f in /proc/self/fd/*; do eval "exec ${f##*/}>&-"; done; '
        "sleep 0.1",
    ),
    _output(
        "fill_the_pipe_and_stop",
        "A full pipe with a stopped writer ends with the clock.",
        "bash",
        "echo tried; (yes | head -c 900000) & sleep 0.2; kill -STOP $$",
        seconds=1.5,
    ),
)
