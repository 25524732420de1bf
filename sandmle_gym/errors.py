"""Every exception of the package, one tree.

    SandMLEError
    ├── UserError (ValueError)        the caller's input is wrong; the message says what to do
    │   ├── UnknownNameError          no such task, card, metric, backend …: did-you-mean
    │   ├── CardError                 a seed card or spec names a wrong field or value
    │   ├── EpisodeOverError          an action after the end, or before reset
    │   └── UndefinedScoreError       a metric has no finite value on these numbers
    ├── LockMismatchError             this machine draws another task than the suite lock froze
    ├── CertificationError            no draw of a card passed the gates
    └── SandboxError                  our infrastructure broke: the episode is void, never reward 0
        └── IsolationUnavailableError this machine offers no isolation; says what is missing

A failing command, a timeout or an unreadable submission are *values* (`ExecResult`, `Grade`), not
exceptions: nothing an agent does raises.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SandMLEError(Exception):
    """Base of everything this package raises on purpose."""


class UserError(SandMLEError, ValueError):
    """The caller's input is wrong."""


class UnknownNameError(UserError):
    """No registered thing has this name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Say what is unknown and what was probably meant.

        Args:
            kind: What was looked up, in words ("metric", "task").
            name: The name that was not found.
            known: All names that would have been found.
        """
        known = list(known)
        close = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else _listing(known)
        super().__init__(f"unknown {kind} {name!r}; {hint}")
        self.kind, self.name = kind, name


class CardError(UserError):
    """A seed card or task specification has a wrong field."""


class EpisodeOverError(UserError):
    """An action came before `reset` or after the end of the episode."""


class UndefinedScoreError(UserError):
    """A metric has no finite value on the numbers it was given."""


class LockMismatchError(SandMLEError):
    """The task drawn here is not the one that was frozen."""


class CertificationError(SandMLEError):
    """No draw of a card passed the gates within the attempts allowed."""


class SandboxError(SandMLEError):
    """The sandbox itself broke; the episode is void."""


class IsolationUnavailableError(SandboxError):
    """This machine cannot isolate untrusted code the way the backend needs."""


def _listing(known: list[str]) -> str:
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    return f"known: {shown}" if known else "none is known"
