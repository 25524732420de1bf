"""A toy task whose every figure is known, and a backend that replays submissions instead of running code."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from sandmle_gym.bundle import PRIVATE_PART, PUBLIC_PART, TIERS, Private, TaskBundle
from sandmle_gym.certify.ladder import Ladder, Step
from sandmle_gym.sandbox import Backend, ExecResult, Fetched, Probe, Sandbox
from sandmle_gym.spec import Form, MetricSpec, Modality, SubmissionSchema, TaskBrief

TRAIN_ROWS, PUBLIC_ROWS, PRIVATE_ROWS = 60, 100, 1000


def csv_bytes(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def toy_bundle(*, private=PRIVATE_ROWS, weights=(2.0, 2.0, 2.0, 2.0), noise=1.0, seed=0):
    """y = w1 x1 + w2 x2 + w3 x3 + w4 x4 + noise; each tier predicts with one column more."""
    random = np.random.RandomState(seed)
    hidden = PUBLIC_ROWS + private
    x = random.normal(size=(TRAIN_ROWS + hidden, len(weights)))
    y = x @ np.array(weights) + noise * random.normal(size=len(x))
    ids = [f"{random.randint(16**6):06x}{row:04x}" for row in range(len(x))]
    rows = [[i, *(f"{v:.6g}" for v in r)] for i, r in zip(ids, x, strict=True)]
    truth = [f"{value:.6g}" for value in y]
    columns = ["id", "x1", "x2", "x3", "x4"]
    test = slice(TRAIN_ROWS, None)
    parts = [PUBLIC_PART] * PUBLIC_ROWS + [PRIVATE_PART] * private

    def submission(known):
        predicted = x[test, :known] @ np.array(weights[:known])
        return csv_bytes(["id", "y"], zip(ids[test], (f"{v:.6g}" for v in predicted), strict=True))

    brief = TaskBrief(
        title="A toy",
        card="a-toy",
        index=0,
        family="toy",
        modality=Modality.TABULAR,
        domain="testing",
        metric=MetricSpec(name="rmse"),
        submission=SubmissionSchema(id_column="id", columns=("y",), form=Form.VALUE, rows=hidden),
        train_rows=TRAIN_ROWS,
    )
    public = {
        "train.csv": csv_bytes(
            [*columns, "y"],
            [[*row, t] for row, t in zip(rows[:TRAIN_ROWS], truth[:TRAIN_ROWS], strict=True)],
        ),
        "test.csv": csv_bytes(columns, rows[test]),
        "sample_submission.csv": csv_bytes(["id", "y"], [[i, "0"] for i in ids[test]]),
        "description.md": b"train.csv test.csv sample_submission.csv id x1 x2 x3 x4 y",
    }
    answers = csv_bytes(["id", "part", "y"], zip(ids[test], parts, truth[test], strict=True))
    witnesses = {tier: submission(known).decode() for known, tier in enumerate(TIERS)}
    return TaskBundle(brief, public, Private(answers, submission(4), witnesses, spec=None))


class Replay(Backend):
    """Takes the source of a program, less its first line, for its submission."""

    name = "replay"
    isolated = False

    def __init__(self):
        self.runs = []
        self.corrupt = lambda source, run: source

    @classmethod
    def probe(cls):
        return Probe("replay", available=True, isolated=False)

    def open(self, public=None, resources=None):
        return ReplayedSandbox(self)

    def close(self):
        pass


class ReplayedSandbox(Sandbox):
    def __init__(self, backend):
        self.backend, self.submission = backend, None

    def put(self, files):
        self.files = dict(files)

    def run(self, kind, source, *, seconds, keep_bytes=65536):
        seed, source = source.split("\n", 1)
        self.backend.runs.append(seed)
        made = self.backend.corrupt(source, len(self.backend.runs))
        if isinstance(made, ExecResult):
            return made
        self.submission = made
        return ExecResult("exited", 0, b"", seconds=0.1)

    def get(self, name, *, max_bytes):
        if self.submission is None:
            return Fetched(None, "missing")
        return Fetched(self.submission.encode())

    def close(self):
        pass


@pytest.fixture
def replay():
    return Replay()


@pytest.fixture(scope="session")
def session_replay():
    """A replaying backend for fixtures that are measured once."""
    return Replay()


@pytest.fixture(scope="session")
def toy():
    """A function that makes toy tasks."""
    return toy_bundle


@pytest.fixture(scope="session")
def good():
    """A toy task that passes every gate."""
    return toy_bundle()


@pytest.fixture
def edited(good):
    """A function that returns the good toy with some public files or private fields replaced."""

    def edit(public=None, **private):
        changed = replace(good.private, **private)
        return replace(good, public={**good.public, **(public or {})}, private=changed)

    return edit


@pytest.fixture(scope="session")
def ladder_of():
    """A function that makes a ladder of plain scores."""

    def make(
        scores=(0.0, 1.0, 2.0, 3.0, 4.0), oracle=5.0, *, error=0.1, seed_sd=0.01, greater=True
    ):
        steps = tuple(
            Step(tier, score, error, error if place else 0.0, seed_sd=seed_sd, seconds=0.5)
            for place, (tier, score) in enumerate(zip(TIERS, scores, strict=True))
        )
        return Ladder(steps, Step("oracle", oracle, error, error), greater)

    return make
