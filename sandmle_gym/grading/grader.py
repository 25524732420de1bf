"""The host's grader: submission bytes to a `Grade`, with all reading done in a killable worker process."""

import atexit
import os
import threading
import weakref
from typing import Any, Protocol, Self

from sandmle_gym.bundle import PRIVATE_PART, TaskBundle
from sandmle_gym.errors import SandboxError, UserError
from sandmle_gym.grading.grade import Code, Grade, Problem, medal_of, share_beaten
from sandmle_gym.grading.process import Worker, WorkerLimits, WorkerLostError
from sandmle_gym.grading.table import too_large
from sandmle_gym.metrics import get_metric
from sandmle_gym.spec import TaskBrief


class FetchedFile(Protocol):
    """A file taken out of a sandbox, or why there is none (`sandbox.Fetched`)."""

    @property
    def data(self) -> bytes | None:
        """The content, None where there is a problem."""
        ...

    @property
    def problem(self) -> Any:
        """The code of the problem, None where there is content."""
        ...


Submission = FetchedFile | bytes | None
"""What may be graded; None is a file that is not there."""


class Grader:
    """Grades submissions in one worker process, started when first needed.

    Thread-safe: calls queue for the worker, a few milliseconds each. After a fork, the child starts a
    worker of its own. The worker ends with `close`, and when this process ends in whatever way.
    """

    def __init__(self, limits: WorkerLimits | None = None) -> None:
        """Create a grader; no process is started yet.

        Args:
            limits: What one request may use.
        """
        self._limits = limits or WorkerLimits()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        _live.add(self)

    def grade(
        self,
        bundle: TaskBundle,
        submission: Submission,
        part: str = PRIVATE_PART,
        *,
        standard_error: bool = False,
    ) -> Grade:
        """Score a submission on one part of the hidden rows.

        Args:
            bundle: The task. Without milestones, no medal is given.
            submission: A file of the sandbox, or its bytes.
            part: "private" or "public".
            standard_error: Whether to bootstrap the standard error of the score.

        Raises:
            UserError: The task is malformed or has no rows in this part.
            SandboxError: The worker broke through no fault of the submission.
        """
        reply = self._ask(bundle, submission, {"part": part, "standard_error": standard_error})
        if isinstance(reply, Problem):
            return Grade.refused(reply)
        score: float = reply["score"]
        metric, milestones = get_metric(bundle.brief.metric), bundle.private.milestones
        medal = medal_of(score, metric, milestones) if milestones else "none"
        beaten = share_beaten(score, metric, bundle.private.leaderboard.values())
        message, error = _well_formed(bundle.brief), reply["standard_error"]
        return Grade(True, score, medal, None, message, error, beaten)

    def check(self, bundle: TaskBundle, submission: Submission) -> Grade:
        """Check the format of a submission without scoring it.

        Raises:
            UserError: The task is malformed.
            SandboxError: The worker broke through no fault of the submission.
        """
        reply = self._ask(bundle, submission, {"part": None})
        if isinstance(reply, Problem):
            return Grade.refused(reply)
        return Grade(True, None, "none", None, _well_formed(bundle.brief))

    def close(self) -> None:
        """End the worker; a later call starts another."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, bundle: TaskBundle, submission: Submission, request: dict[str, Any]
    ) -> dict[str, Any] | Problem:
        data = _content(bundle.brief, submission)
        if isinstance(data, Problem):
            return data
        request = {"op": "grade", "task": bundle.digest} | request
        with self._lock:
            reply = self._exchange(bundle, request, data)
        if "problem" in reply:
            return Problem(reply["problem"], reply["message"])
        if "user_error" in reply:
            raise UserError(reply["user_error"])
        return reply

    def _exchange(self, bundle: TaskBundle, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        """Ask the worker; once more where it was lost without reaching a limit."""
        lost: WorkerLostError | None = None
        for _ in range(2):
            try:
                return self._attempt(bundle, request, data)
            except WorkerLostError as error:
                self._worker, lost = None, error
                if error.limit:
                    return _TOO_EXPENSIVE
            except BaseException:
                self._stop()  # interrupted between request and reply: the channel is out of step
                raise
        raise SandboxError(f"the grading worker died twice on one request: {lost}") from lost

    def _attempt(self, bundle: TaskBundle, request: dict[str, Any], data: bytes) -> dict[str, Any]:
        if self._worker is None:
            self._worker = Worker(self._limits)
        reply = self._worker.ask(request, data)
        if "unknown_task" not in reply:
            return reply
        brief = bundle.brief.model_dump(mode="json")
        loading = {"op": "load", "task": request["task"], "brief": brief}
        return self._worker.ask(loading, bundle.private.answers) or self._worker.ask(request, data)

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _forget(self) -> None:
        self._lock = threading.Lock()
        if self._worker is not None:
            self._worker.forget()
            self._worker = None


_TOO_EXPENSIVE = {
    "problem": "too_expensive",
    "message": "Reading the file took too much time or memory; write it plainly.",
}

_FILE_PROBLEMS: dict[str, str] = {
    "missing": "There is no such file in the working directory; write your predictions to it.",
    "not_regular": "It is not a regular file (a link, directory or pipe); write a plain file instead.",
    "unreadable": "The file cannot be read; give it ordinary permissions.",
    "dead": "The episode's processes used up its limits, so the file could not be read.",
}


def _well_formed(brief: TaskBrief) -> str:
    """The message for a valid file; the score is not in it, because an agent may read it."""
    return f"The file is well-formed: all {brief.submission.rows} rows are there."


def _content(brief: TaskBrief, submission: Submission) -> bytes | Problem:
    """The bytes to parse, or the problem that there are none, or too many."""
    data, code = submission, None
    if submission is not None and not isinstance(submission, bytes):
        data, code = submission.data, submission.problem
    if isinstance(data, bytes) and len(data) <= brief.submission.max_bytes:
        return data
    if isinstance(data, bytes) or code == "too_large":
        return too_large(brief.submission)
    known: Code = code or "missing"
    return Problem(known, _FILE_PROBLEMS[known])


_live: "weakref.WeakSet[Grader]" = weakref.WeakSet()
_shared = Grader()
atexit.register(_shared.close)


def get_grader() -> Grader:
    """The grader that everything in this process shares."""
    return _shared


def _forget_workers() -> None:
    for grader in list(_live):
        grader._forget()


os.register_at_fork(after_in_child=_forget_workers)
