"""What a server counts, and how Prometheus reads it."""

import resource
import threading
from collections import Counter

_HELP = {
    "sandmle_sessions": ("gauge", "Sessions open now."),
    "sandmle_sessions_max": ("gauge", "Sessions that may be open at once."),
    "sandmle_episodes_total": ("counter", "Episodes by how they ended."),
    "sandmle_steps_total": ("counter", "Tool calls played."),
    "sandmle_step_seconds_total": ("counter", "Wall time of those, in seconds."),
    "sandmle_refused_total": ("counter", "Requests and frames refused, by reason."),
    "sandmle_peak_memory_bytes": ("gauge", "Largest resident memory of the server so far."),
}


class Counters:
    """Numbers that many threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Counter[str] = Counter()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter; `labels` are of a closed set of values, never what a client wrote."""
        inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
        with self._lock:
            self._values[f"{name}{{{inside}}}" if inside else name] += amount  # type: ignore[assignment]

    def text(self, *, sessions: int, max_sessions: int) -> str:
        """Return everything in the text format of Prometheus 0.0.4."""
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with self._lock:
            values = dict(self._values)
        values |= {
            "sandmle_sessions": sessions,
            "sandmle_sessions_max": max_sessions,
            "sandmle_peak_memory_bytes": 1024 * kilobytes,
        }
        lines = []
        for name, (kind, meaning) in _HELP.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
            lines += [
                f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
                for key, value in sorted(values.items())
                if key.partition("{")[0] == name
            ]
        return "\n".join(lines) + "\n"
