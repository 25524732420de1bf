"""Gates on submissions that learn nothing: a perfect one scores best, effortless ones earn nothing.

"Effortless" is meant generously: constants may know the distribution of the *hidden* rows, and the
probes of ids and row order are trained on half of the hidden rows, so what passes here is safe from
an agent that has less.
"""

import csv
import io
from collections.abc import Callable, Iterator

import numpy as np

from sandmle_gym.bundle import Gate
from sandmle_gym.certify.evidence import SAMPLE, TEST, Evidence
from sandmle_gym.seeding import integer, stream

SHUFFLES = 3
"""How many column shuffles of the sample submission, and of the truth itself, are tried."""
MAX_PROBE_Z = 4.5
"""Correlation of a probe's prediction with the truth, in standard errors under independence."""

EffortlessGate = Callable[[Evidence, float], Gate]
"""Takes the evidence and the signed median milestone."""


def perfect_is_best(evidence: Evidence, median: float) -> Gate:
    """The truth, written as a submission, scores the metric's best bound."""
    metric, best, coding = evidence.metric, evidence.metric.best, evidence.coding
    rows = evidence.submitted(coding.render(coding.perfect(evidence.known.truth), evidence.ids))
    score = float("nan") if isinstance(rows, str) else metric(evidence.truth, rows)
    passed = abs(score - best) <= 1e-6 and metric.signed(best) > median
    return Gate(
        name="perfect_is_best", passed=passed, detail=f"scores {score:.6g}, best is {best:g}"
    )


def constants_earn_nothing(evidence: Evidence, median: float) -> Gate:
    """No constant, and no random draw from the distribution of the answers, reaches median."""
    scores = {name: evidence.signed(guess) for name, guess in _blind_guesses(evidence)}
    return _below("constants_earn_nothing", evidence, scores, median)


def sample_earns_nothing(evidence: Evidence, median: float) -> Gate:
    """Neither the sample submission nor a shuffle of its columns reaches median."""
    name, scores = "sample_earns_nothing", {}
    for variant, data in _sample_variants(evidence):
        rows = evidence.submitted(data)
        if isinstance(rows, str):
            return Gate(name=name, passed=False, detail=f"{variant} is not valid: {rows}")
        scores[variant] = evidence.signed(rows)
    return _below(name, evidence, scores, median)


def ids_tell_nothing(evidence: Evidence, median: float) -> Gate:
    """A model of the characters and the number in the id finds no signal."""
    return _probe("ids_tell_nothing", evidence, _id_features(evidence.ids), median)


def order_tells_nothing(evidence: Evidence, median: float) -> Gate:
    """A model of the position in `test.csv` finds no signal."""
    key = evidence.schema.id_column
    place = {name: row for row, name in enumerate(evidence.tables[TEST].get(key, []))}
    rows = np.array([place.get(name, -1) for name in evidence.ids], dtype=float)
    features = np.column_stack([rows, *(rows % period for period in (2, 3, 4, 5, 7, 10))])
    return _probe("order_tells_nothing", evidence, features, median)


EFFORTLESS_GATES: tuple[EffortlessGate, ...] = (
    perfect_is_best,
    constants_earn_nothing,
    sample_earns_nothing,
    ids_tell_nothing,
    order_tells_nothing,
)


def _blind_guesses(evidence: Evidence) -> Iterator[tuple[str, np.ndarray]]:
    """Yield named predictions of the private rows that use no feature."""
    coding, truth = evidence.coding, evidence.truth
    yield from coding.guesses(truth)
    random = stream("blind", evidence.bundle.digest)
    answers = coding.perfect(truth)
    for draw in range(SHUFFLES):
        yield f"shuffled answers {draw}", answers[random.permutation(len(truth))]


def _sample_variants(evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    data = evidence.bundle.public[SAMPLE]
    yield "sample", data
    header, *rows = list(csv.reader(io.StringIO(data.decode())))
    key = header.index(evidence.schema.id_column)
    random = stream("sample", evidence.bundle.digest)
    for draw in range(SHUFFLES):
        columns = [list(column) for column in zip(*rows, strict=True)]
        for position, column in enumerate(columns):
            if position != key:
                random.shuffle(column)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *zip(*columns, strict=True)])
        yield f"sample shuffled {draw}", text.getvalue().encode()


def _below(name: str, evidence: Evidence, scores: dict[str, float], median: float) -> Gate:
    best = max(scores, key=lambda key: scores[key])
    shown, mark = (evidence.metric.signed(value) for value in (scores[best], median))
    detail = f"best of {len(scores)} is {best}: {shown:.4g}, median is {mark:.4g}"
    return Gate(name=name, passed=scores[best] < median, detail=detail)


def _probe(name: str, evidence: Evidence, features: np.ndarray, median: float) -> Gate:
    """Fit trees on half of the hidden rows, predict the other half, and look for any signal.

    Not crosswise: what one half says about the other is the same both ways, and counting it twice
    would widen the distribution of z by the square root of two.
    """
    from sklearn.ensemble import ExtraTreesRegressor  # seconds to import, not needed to restore

    targets, key = evidence.targets, evidence.bundle.digest
    fit, ask = np.array_split(stream("probe", name, key).permutation(len(targets)), 2)
    model = ExtraTreesRegressor(
        n_estimators=30, min_samples_leaf=10, random_state=integer("probe", name, key)
    )
    known = targets[fit] if targets.shape[1] > 1 else targets[fit, 0]
    predicted = model.fit(features[fit], known).predict(features[ask]).reshape(len(ask), -1)
    z = max(_z(a, b) for a, b in zip(predicted.T, targets[ask].T, strict=True))
    truth = evidence.known.truth[ask]
    score = evidence.signed(evidence.coding.decode(predicted, truth), truth)
    shown, mark = (evidence.metric.signed(value) for value in (score, median))
    detail = f"z = {z:.2f} of {MAX_PROBE_Z}; scores {shown:.4g}, median is {mark:.4g}"
    return Gate(name=name, passed=z < MAX_PROBE_Z and score < median, detail=detail)


def _z(predicted: np.ndarray, truth: np.ndarray) -> float:
    if np.ptp(predicted) == 0 or np.ptp(truth) == 0:
        return 0.0
    return float(np.corrcoef(predicted, truth)[0, 1] * np.sqrt(len(truth)))


def _id_features(ids: list[str]) -> np.ndarray:
    """Return (rows, k): the number in the id, its length, and the code of its every character."""
    width = min(max(map(len, ids)), 24)
    codes = [[ord(char) for char in name[:width].ljust(width, "\0")] for name in ids]
    digits = ["".join(filter(str.isdigit, name))[-15:] or "-1" for name in ids]
    return np.column_stack(
        [np.array(codes, float), [float(d) for d in digits], [len(n) for n in ids]]
    )
