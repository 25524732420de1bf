"""What a person sees of an episode: plain terminal text, and HTML for notebooks.

Agent text is hostile here too: control characters are shown, not obeyed, and HTML is escaped.
"""

import html
import unicodedata
from dataclasses import dataclass
from typing import Self

from sandmle_gym.episode import Episode, Outcome, Turn

_STYLE = (
    "font:13px/1.5 system-ui,sans-serif;max-width:60em;color:#1b1f24;background:#fff;"
    "border:1px solid #d0d7de;border-radius:6px;padding:12px 16px"
)
_PRE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0;padding:6px 10px;border-radius:4px;"
    "font:12px/1.45 ui-monospace,monospace;color:#1b1f24;"
)


def printable(text: str) -> str:
    """Replace control and bidirectional-override characters by visible stand-ins; keep line breaks."""
    return "".join(char if char in "\n\t" else _visible(char) for char in text)


def _visible(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "�" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char


@dataclass(frozen=True)
class Transcript:
    """An episode as it stands, ready to be shown."""

    title: str
    prompt: str
    turns: tuple[Turn, ...]
    outcome: Outcome | None

    @classmethod
    def of(cls, episode: Episode) -> Self:
        """Take a snapshot of an episode."""
        title = f"{episode.task.reference} · {episode.task.bundle.brief.title}"
        return cls(title, episode.prompt, tuple(episode.transcript), episode.outcome)

    def ansi(self) -> str:
        """Write the transcript as text for a terminal."""
        parts = [printable(self.title), printable(self.prompt)]
        for number, turn in enumerate(self.turns, 1):
            parts.append(f"── {number} {'─' * 60}\n{printable(turn.action)}")
            parts.append(printable(turn.observation))
        if self.outcome is not None:
            parts.append(f"══ {summary(self.outcome)}")
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """Write the transcript as one self-contained HTML element."""
        parts = [f'<div style="{_STYLE}"><b>{_escaped(self.title)}</b>']
        parts.append(
            f"<details><summary>The task</summary>{_pre(self.prompt, '#f6f8fa')}</details>"
        )
        for number, turn in enumerate(self.turns, 1):
            tool = turn.call.name if turn.call else "not understood"
            parts.append(
                f'<div style="margin-top:8px">{number}. {tool} '
                f'<span style="color:#57606a">{turn.seconds * 1000:.0f} ms</span></div>'
                f"{_pre(turn.action, '#ddf4ff')}{_pre(turn.observation, '#f6f8fa')}"
            )
        if self.outcome is not None:
            parts.append(
                f'<div style="margin-top:8px"><b>{_escaped(summary(self.outcome))}</b></div>'
            )
        return "".join(parts) + "</div>"

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.ansi()


def summary(outcome: Outcome) -> str:
    """Say in one line how an episode ended."""
    grade, reward = outcome.grade, outcome.reward
    if grade.score is None:
        return f"no valid submission ({grade.problem}) · reward {reward.total:.3f}"
    medal = {"none": "below median", "median": "above median"}.get(grade.medal, grade.medal)
    return f"score {grade.score:.5g} · {medal} · reward {reward.total:.3f}"


def _escaped(text: str) -> str:
    return html.escape(printable(text))


def _pre(text: str, colour: str) -> str:
    return f'<pre style="{_PRE}background:{colour}">{_escaped(text)}</pre>'
