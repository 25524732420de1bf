"""The synthetic leaderboard of a task: what fixed pipelines score, from a constant to the expert witness.

Rank rewards and HumanRank compare a submission with it. The pipelines are the plain ones that agents
hand in first; they know nothing of the task but its public files, and write the truth as numbers by the
coding of its form, so that one regressor serves all. With the witnesses they make a field of twenty.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.certify.codings import coding_of
from sandmle_gym.certify.evidence import SAMPLE, TEST, TRAIN, Evidence, Table
from sandmle_gym.certify.features import features
from sandmle_gym.certify.targets import Coding
from sandmle_gym.errors import UserError
from sandmle_gym.grading import Answers
from sandmle_gym.grading import table as tables
from sandmle_gym.grading.truth import read_truth
from sandmle_gym.seeding import integer, stream
from sandmle_gym.spec import Form

MAX_TARGETS = 24
"""More columns of a coding than these are reduced to their principal components before learning."""
SURE = 0.02
"""Shares and probabilities are kept this far from 0 and 1, as anyone does who minds a log loss."""

_ONE_AT_A_TIME = threading.Lock()
"""LightGBM may crash when two threads train at once, as those of a freeze would."""

Predictor = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Takes train features, train targets and test features; returns test targets (rows, k)."""


def with_leaderboard(bundle: TaskBundle) -> TaskBundle:
    """Return a measured task with its leaderboard: name -> score, in units of the metric."""
    certificate = bundle.private.certificate
    rungs = certificate.rungs if certificate else ()
    scores = {rung.tier: rung.score for rung in rungs if rung.tier in bundle.private.witnesses}
    scores |= pipelines(bundle)
    return replace(bundle, private=replace(bundle.private, leaderboard=scores))


def pipelines(bundle: TaskBundle) -> dict[str, float]:
    """Score the pipelines on the private rows; those whose predictions have no finite score are left out."""
    evidence = Evidence.of(bundle)
    known = _known(evidence)
    scores: dict[str, float] = {}
    for name, prediction in _predictions(evidence, known):
        signed = evidence.signed(prediction[evidence.private])
        if np.isfinite(signed):
            scores[name] = evidence.metric.signed(float(f"{signed:.6g}"))
    return scores


def _known(evidence: Evidence) -> Answers:
    """Read the truth of the train rows as the answers are read; rows that nobody labelled are left out."""
    train = evidence.tables[TRAIN]
    asked = evidence.tables[TEST]
    named = [name for name in train if name not in asked]
    if evidence.known.truth_columns:
        wanted = evidence.known.truth_columns
        named = [*wanted] if set(wanted) <= set(train) else named[:1]
    sources = dict(zip(evidence.known.truth_columns, named, strict=True))
    ids = train[evidence.schema.id_column]
    known = [row for row in range(len(ids)) if _labelled(evidence, train, sources, row)]
    columns = {column: [train[source][row] for row in known] for column, source in sources.items()}
    named_ids = [ids[row] for row in known]
    truth = read_truth(evidence.schema, evidence.metric, tables.Table(named_ids, columns))
    rows = {name: row for row, name in enumerate(named_ids)}
    return Answers(evidence.schema, evidence.metric, rows, truth, np.ones(len(known), bool))


def _labelled(evidence: Evidence, train: Table, sources: dict[str, str], row: int) -> bool:
    cells = {column: [train[source][row]] for column, source in sources.items()}
    try:
        read_truth(evidence.schema, evidence.metric, tables.Table([str(row)], cells))
    except UserError:
        return False
    return True


def _predictions(evidence: Evidence, known: Answers) -> Iterator[tuple[str, np.ndarray]]:
    """Yield named predictions of all hidden rows, in the order of the answers."""
    coding, truth = coding_of(known), evidence.known.truth
    targets, key = coding.encode(known.truth), evidence.bundle.digest
    order = _order(evidence)
    train, test = _tables(evidence, known)
    given, asked = features(train, test, evidence.bundle.public)
    sample = evidence.submitted(evidence.bundle.public[SAMPLE])
    if not isinstance(sample, str):
        whole = evidence.known.align(evidence.bundle.public[SAMPLE])
        yield "sample submission", whole.prediction  # type: ignore[union-attr]
    constants = coding.constants(targets)
    for name, constant in (("mean", constants["mean"]), ("median", constants["quantile 0.5"])):
        yield name, coding.decode(np.tile(constant, (len(truth), 1)), truth)
    drawn = stream("prior", key).randint(len(targets), size=len(truth))
    yield "random draws", coding.decode(targets[drawn], truth)
    made: dict[str, np.ndarray] = {}
    for name, predictor in _predictors(integer("leaderboard", key) % 2**31, len(given)).items():
        made[name] = _kept(coding, _reduced(predictor, given, targets, asked))[order]
        yield name, coding.decode(made[name], truth)
    for pair in (("ridge", "forest"), ("boosting", "forest"), ("neighbours 5", "ridge")):
        yield f"{pair[0]} + {pair[1]}", coding.decode((made[pair[0]] + made[pair[1]]) / 2, truth)


def _order(evidence: Evidence) -> np.ndarray:
    """Rows of test.csv in the order of the answers."""
    places = {
        name: row for row, name in enumerate(evidence.tables[TEST][evidence.schema.id_column])
    }
    return np.array([places[name] for name in evidence.ids])


def _tables(evidence: Evidence, known: Answers) -> tuple[Table, Table]:
    """Return the shared columns of the labelled train rows, and of all test rows."""
    train, test, key = evidence.tables[TRAIN], evidence.tables[TEST], evidence.schema.id_column
    shared = [name for name in test if name in train and name != key]
    rows = [row for row, name in enumerate(train[key]) if name in known.positions]
    told = {name: [train[name][row] for row in rows] for name in shared}
    return told, {name: test[name] for name in shared}


def _predictors(seed: int, rows: int) -> dict[str, Predictor]:
    """The plain regressors for so many labelled rows, by name; all on one thread."""
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.tree import DecisionTreeRegressor

    return {
        "ridge": _fitted(lambda: Ridge(alpha=1.0)),
        "strong ridge": _fitted(lambda: Ridge(alpha=100.0)),
        "neighbours 5": _fitted(lambda: KNeighborsRegressor(min(5, rows))),
        "neighbours 15": _fitted(lambda: KNeighborsRegressor(min(15, rows), weights="distance")),
        "tree": _fitted(lambda: DecisionTreeRegressor(max_depth=4, random_state=seed)),
        "forest": _fitted(
            lambda: RandomForestRegressor(
                40, min_samples_leaf=3, max_features=0.4, random_state=seed
            )
        ),
        "extra trees": _fitted(
            lambda: ExtraTreesRegressor(40, min_samples_leaf=3, random_state=seed)
        ),
        "boosting": _boosted(seed),
    }


def _fitted(model: Callable) -> Predictor:
    def predict(given: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
        wanted = targets if targets.shape[1] > 1 else targets[:, 0]
        return model().fit(given, wanted).predict(asked).reshape(len(asked), -1)

    return predict


def _boosted(seed: int) -> Predictor:
    def predict(given: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> np.ndarray:
        import lightgbm

        options = {
            "objective": "l2",
            "learning_rate": 0.1,
            "num_leaves": 7,
            "min_data_in_leaf": 8,
            "num_threads": 1,
            "seed": seed,
            "deterministic": True,
            "verbosity": -1,
        }
        columns = []
        with _ONE_AT_A_TIME:
            for column in targets.T:
                model = lightgbm.train(options, lightgbm.Dataset(given, column), num_boost_round=40)
                columns.append(np.asarray(model.predict(asked)))
        return np.column_stack(columns)

    return predict


def _reduced(
    predictor: Predictor, given: np.ndarray, targets: np.ndarray, asked: np.ndarray
) -> np.ndarray:
    """Learn the principal components of many targets instead of each."""
    if targets.shape[1] <= MAX_TARGETS:
        return predictor(given, targets, asked)
    middle = targets.mean(axis=0)
    _, _, directions = np.linalg.svd(targets - middle, full_matrices=False)
    kept = directions[:MAX_TARGETS]
    return predictor(given, (targets - middle) @ kept.T, asked) @ kept + middle


def _kept(coding: Coding, matrix: np.ndarray) -> np.ndarray:
    if coding.schema.form in (Form.PROBABILITY, Form.DISTRIBUTION):
        return np.clip(matrix, SURE, 1 - SURE)
    return matrix
