"""The program that `RecipeActions` runs in the sandbox, with its recipe filled in; not imported anywhere.

It works on one table: reads the files, carries the recipe out, cross-validates, writes the submission
and prints one line of JSON. `gain` is 1 - loss / loss of the constant prediction, on held-out rows.
"""

# The annotations of pandas promise less than these lines know.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportGeneralTypeIssues=false
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RECIPE: dict[str, Any] = {}

train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
identifier = RECIPE["id_column"]
(name,) = [column for column in train if column not in test]
target = train.pop(name)
both = pd.concat([train, test], ignore_index=True).drop(columns=identifier)
classes = None if RECIPE["form"] == "value" else np.sort(target.unique())
texts = list(both.select_dtypes(exclude="number"))
dates = [c for c in texts if both[c].dropna().astype(str).str.match(r"\d{4}-\d\d-\d\d").all()]
words = [c for c in texts if c not in dates and both[c].nunique() <= 40]
numbers = [c for c in both if c not in texts]


def inspect() -> dict[str, float]:
    """Describe the table by a few numbers in [0, 1]."""
    columns = max(both.shape[1], 1)
    return {
        "rows": min(len(train) / 1000, 1.0),
        "columns": min(columns / 50, 1.0),
        "numeric": len(numbers) / columns,
        "words": len(words) / columns,
        "dates": len(dates) / columns,
        "missing": float(both.isna().to_numpy().mean()),
    }


def engineered() -> list[pd.Series]:
    """Make the new columns that the recipe names."""
    steps, new = RECIPE["engineer"], []
    filled = both[numbers].fillna(both[numbers].median())
    if "dates" in steps:
        for column in dates:
            angle = 2 * np.pi * pd.to_datetime(both[column]).dt.day_of_year / 365.25
            new += [np.sin(angle).rename(f"{column} sin"), np.cos(angle).rename(f"{column} cos")]
    if "logs" in steps:
        new += [np.log1p(filled[c]).rename(f"log {c}") for c in numbers if filled[c].min() >= 0]
    if "squares" in steps:
        centred = (filled - filled.mean()) / filled.std().replace(0, 1)
        new += [(centred[c] ** 2).rename(f"{c} squared") for c in numbers]
    if "products" in steps:
        pairs = [(a, b) for i, a in enumerate(numbers) for b in numbers[:i]][:40]
        new += [(filled[a] * filled[b]).rename(f"{a} × {b}") for a, b in pairs]
    if "means" in steps:
        new += [
            filled.groupby(both[word].fillna("none"))[c].transform("mean").rename(f"{c} by {word}")
            for word in words
            for c in numbers[:10]
        ]
    return new


def matrix() -> np.ndarray:
    """Return the features of all rows, train first."""
    coded = both[words].fillna("none")
    if words and RECIPE["encode"] == "one-hot":  # pandas cannot encode no columns
        coded = pd.get_dummies(coded, dtype=float)
    else:
        coded = coded.apply(lambda column: pd.factorize(column, sort=True)[0])
    raw = both[numbers].fillna(both[numbers].median())
    table = pd.concat([raw, coded, *engineered()], axis=1)
    return np.nan_to_num(table.to_numpy(dtype=float))


def model() -> Any:
    """Make a fresh model."""
    kind, regression = RECIPE["model"], classes is None
    if kind == "linear":
        return make_pipeline(
            StandardScaler(), Ridge(1.0) if regression else LogisticRegression(C=0.3)
        )
    if kind == "forest":
        forest = ExtraTreesRegressor if regression else ExtraTreesClassifier
        return forest(60, min_samples_leaf=2, n_jobs=1, random_state=0)
    boosting = LGBMRegressor if regression else LGBMClassifier
    return boosting(n_estimators=80, num_leaves=7, min_child_samples=8, n_jobs=1, verbose=-1)


def predicted(fitted: Any, rows: np.ndarray) -> np.ndarray:
    """Predict values, or probabilities of all classes; one row each."""
    if classes is None:
        return fitted.predict(rows)[:, None]
    answer = np.zeros((len(rows), len(classes)))
    answer[:, np.searchsorted(classes, fitted.classes_)] = fitted.predict_proba(rows)
    return answer


def run() -> dict[str, float]:
    """Fit the recipe, keep what it predicts for later blends, and hand it in."""
    features, n = matrix(), len(target)
    held_out = np.zeros((n, 1 if classes is None else len(classes)))
    for fit, held in KFold(4, shuffle=True, random_state=0).split(features[:n]):
        held_out[held] = predicted(model().fit(features[fit], target.iloc[fit]), features[held])
    new = predicted(model().fit(features[:n], target), features[n:])
    number = len(list(Path().glob("run-*.npz")))
    np.savez(f"run-{number}.npz", held_out=held_out, new=new, gain=gain(held_out))
    return hand_in(held_out, new)


def blend() -> dict[str, float]:
    """Average the three best runs so far and hand that in."""
    runs = sorted((np.load(path) for path in Path().glob("run-*.npz")), key=lambda r: -r["gain"])
    if not runs:
        return run()
    return hand_in(*(np.mean([r[key] for r in runs[:3]], axis=0) for key in ("held_out", "new")))


def gain(held_out: np.ndarray) -> float:
    """Compare held-out squared errors with those of a constant."""
    truth = target.to_numpy()
    wanted = truth[:, None] if classes is None else (truth[:, None] == classes).astype(float)
    constant = ((wanted - wanted.mean(axis=0)) ** 2).mean()
    return float(np.clip(1 - ((wanted - held_out) ** 2).mean() / max(constant, 1e-12), -1, 1))


def hand_in(held_out: np.ndarray, new: np.ndarray) -> dict[str, float]:
    """Write predictions in the form that is asked for."""
    columns, form = RECIPE["columns"], RECIPE["form"]
    if form == "label":
        assert classes is not None
        new = classes[new.argmax(axis=1)][:, None]
    elif form == "probability":
        new = new[:, -1:]
    elif form == "distribution":
        assert classes is not None
        order = [list(map(str, classes)).index(label) for label in RECIPE["labels"]]
        new = new[:, order]
    answer = pd.DataFrame(new, columns=columns)
    answer.insert(0, identifier, test[identifier])
    answer.to_csv("submission.csv", index=False)
    return {"gain": gain(held_out)}


print(json.dumps({"inspect": inspect, "run": run, "blend": blend}[RECIPE["do"]]()))  # noqa: T201
