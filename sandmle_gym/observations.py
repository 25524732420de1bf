"""What an agent reads of a command: its output within bounds, and how it ended, in words."""

import math

from sandmle_gym.sandbox import ExecResult


def describe(result: ExecResult, seconds: float, max_chars: int) -> str:
    """Tell an agent what a command did, in at most about `max_chars` characters.

    Args:
        result: What happened.
        seconds: The limit that the command ran under.
        max_chars: Characters of output to keep; what is cut from the middle is said.
    """
    output = clip(_text(result.head), _text(result.tail), result.dropped, max_chars)
    if result.status == "timeout":
        note = f"[killed: it ran longer than {seconds:g} s]"
    elif result.status == "output_limit":
        note = "[killed: it wrote more output than the sandbox allows]"
    elif result.status == "dead":
        note = "[the sandbox of this episode is gone]"
    elif result.exit_code is not None and result.exit_code < 0:
        note = f"[killed by signal {-result.exit_code}]"
    elif result.exit_code:
        note = f"[exit status {result.exit_code}]"
    else:
        note = "" if output else "[no output]"
    return "\n".join(part for part in (output.rstrip("\n"), note) if part)


def clip(head: str, tail: str, dropped: int, max_chars: int) -> str:
    """Join the kept ends of an output, cutting the middle further to `max_chars`, and say what is cut."""
    if not dropped and len(head) <= max_chars:
        return head
    if not dropped:
        head, tail = head[: len(head) // 2], head[len(head) // 2 :]
    keep = max_chars // 2
    if not tail:
        return f"{head[:max_chars]}\n[… the rest was cut]"
    cut = dropped + max(len(head) - keep, 0) + max(len(tail) - keep, 0)
    return f"{head[:keep]}\n[… about {cut} characters cut …]\n{tail[-keep:]}"


def round_to_error(score: float, standard_error: float | None) -> str:
    """Write a score to the digit where its standard error begins: more would be noise to climb on."""
    if not standard_error or not math.isfinite(standard_error):
        return f"{score:.3g}"
    decimals = -math.floor(math.log10(standard_error))
    return f"{round(score, decimals):.{max(decimals, 0)}f}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "�")
