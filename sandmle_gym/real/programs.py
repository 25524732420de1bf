"""Witnesses of a real task: programs of rising effort that know nothing but its files.

Nobody knows what is hidden in real data, so there is no insight to tell a witness. The tiers of the
ladder are effort instead: no feature, a linear model of the numbers, of every column, with a forest
beside it, and a blend with weights from cross-validation. They keep the names of the generated tiers.
"""

from collections.abc import Mapping

from sandmle_gym.certify.witness import STOCHASTIC
from sandmle_gym.metrics import get_metric
from sandmle_gym.real.target import Target
from sandmle_gym.spec import TaskBrief

_READ = '''\
import os
import numpy as np
import pandas as pd

train = pd.read_csv("train.csv", dtype={TARGET: str})
test = pd.read_csv("test.csv")
columns = [name for name in test.columns if name != ID]
if LABELS:
    y = train[TARGET].map(LABELS.index).to_numpy()
else:
    y = train[TARGET].astype(float).to_numpy()
    y = np.log1p(y) if LOG else y


def write(predicted):
    """Write values (rows,) or class shares (rows, classes)."""
    out = pd.DataFrame({ID: test[ID]})
    if FORM == "value":
        out[COLUMNS[0]] = np.expm1(predicted) if LOG else predicted
    elif FORM == "probability":
        out[COLUMNS[0]] = predicted[:, 1]
    elif FORM == "label":
        out[COLUMNS[0]] = np.array(LABELS)[predicted.argmax(axis=1)]
    else:
        out[COLUMNS] = predicted
    out.to_csv("submission.csv", index=False)
'''

_TRIVIAL = """
if LABELS:
    write(np.tile(np.bincount(y, minlength=len(LABELS)) / len(y), (len(test), 1)))
else:
    write(np.full(len(test), np.median(y) if MEDIAN else y.mean()))
"""

_NUMBERS = '''
both = pd.concat([train[columns], test[columns]], ignore_index=True)


def numbers():
    """Numeric columns, gaps filled with the median."""
    known = both.select_dtypes("number").astype(float).replace([np.inf, -np.inf], np.nan)
    known = known.fillna(known[: len(train)].median()).fillna(0.0)
    return known if known.shape[1] else pd.DataFrame({"none": np.zeros(len(both))})
'''

_EVERYTHING = '''

def everything():
    """All columns: gaps flagged, categories one-hot, dates in parts, words counted."""
    parts = [numbers(), both.isna().astype(float).add_suffix("?")]
    for name in both.columns.difference(both.select_dtypes("number").columns):
        texts = both[name].fillna("").astype(str)
        if texts.str.match(r"\\d{4}-\\d{2}-\\d{2}").mean() > 0.8:
            when = pd.to_datetime(texts.str[:10], errors="coerce")
            fields = {"year": when.dt.year, "month": when.dt.month, "weekday": when.dt.dayofweek}
            dated = pd.DataFrame(fields).astype(float)
            parts.append(dated.fillna(dated.median()).fillna(0.0).add_prefix(name + ":"))
        else:
            prose = texts.str.contains(" ").mean() > 0.8
            words = texts.map(lambda text: text.lower().split() if prose else [text])
            common = words[: len(train)].explode().value_counts().index[:40]
            flags = [[float(word in cell) for word in common] for cell in words]
            parts.append(pd.DataFrame(flags, columns=[f"{name}={word}" for word in common]))
    table = pd.concat(parts, axis=1)
    return table.loc[:, table[: len(train)].nunique() > 1]
'''

_LINEAR = '''
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def fitted(model, X, y, ask):
    """Fit and predict: values, or shares of every class (also of one that is not in y)."""
    model.fit(X, y)
    if not LABELS:
        return model.predict(ask)
    shares = np.zeros((len(ask), len(LABELS)))
    shares[:, model.classes_] = model.predict_proba(ask)
    return shares


def linear(strength):
    model = LogisticRegression(C=1 / strength, max_iter=2000) if LABELS else Ridge(alpha=10 * strength)
    return make_pipeline(StandardScaler(), model)


def cut(table):
    return table.to_numpy()[: len(train)], table.to_numpy()[len(train) :]
'''

_COMPETENT = """
X, ask = cut(numbers())
write(fitted(linear(1.0), X, y, ask))
"""

_INSIGHT = """
X, ask = cut(everything())
write(fitted(linear(1.0), X, y, ask))
"""

_FOREST = """
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

SEED = int(os.environ.get("SANDMLE_WITNESS_SEED", "0"))


def forest():
    kind = ExtraTreesClassifier if LABELS else ExtraTreesRegressor
    return kind(n_estimators=60, min_samples_leaf=2, random_state=SEED)
"""

_INSIGHTS = """
X, ask = cut(everything())
write((fitted(linear(1.0), X, y, ask) + fitted(forest(), X, y, ask)) / 2)
"""

_EXPERT = """
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.model_selection import KFold, StratifiedKFold


def boosted():
    kind = LGBMClassifier if LABELS else LGBMRegressor
    return kind(n_estimators=80, learning_rate=0.07, num_leaves=8, min_child_samples=8,
                subsample=0.8, subsample_freq=1, colsample_bytree=0.8, random_state=SEED,
                n_jobs=1, verbose=-1)


def kernel():
    lift = Nystroem(gamma=0.5 / X.shape[1], n_components=min(len(y) // 2, 200), random_state=SEED)
    return make_pipeline(StandardScaler(), lift, linear(0.1))


def loss(predicted):
    if not LABELS:
        return np.abs(y - predicted).mean() if MEDIAN else ((y - predicted) ** 2).mean()
    return -np.log(np.clip(predicted[np.arange(len(y)), y], 1e-4, 1)).mean()


models = [lambda: linear(0.3), lambda: linear(3.0), forest, boosted, kernel]
X, ask = cut(everything())
folds = (StratifiedKFold if LABELS else KFold)(4, shuffle=True, random_state=SEED)
held = []
for make in models:
    out = np.zeros((len(y), len(LABELS)) if LABELS else len(y))
    for fit, rest in folds.split(X, y):
        out[rest] = fitted(make(), X[fit], y[fit], X[rest])
    held.append(out)

chosen = []  # greedy ensemble: add the model that helps most, again and again
for _ in range(12):
    total = sum((held[k] for k in chosen), np.zeros_like(held[0]))
    trials = [loss((total + out) / (len(chosen) + 1)) for out in held]
    chosen.append(int(np.argmin(trials)))
shares = np.bincount(chosen) / len(chosen)
write(sum(share * fitted(models[k](), X, y, ask) for k, share in enumerate(shares) if share))
"""

_TIERS: Mapping[str, tuple[bool, tuple[str, ...]]] = {
    "trivial": (False, (_READ, _TRIVIAL)),
    "competent": (False, (_READ, _NUMBERS, _LINEAR, _COMPETENT)),
    "insight": (False, (_READ, _NUMBERS, _EVERYTHING, _LINEAR, _INSIGHT)),
    "insights": (True, (_READ, _NUMBERS, _EVERYTHING, _LINEAR, _FOREST, _INSIGHTS)),
    "expert": (True, (_READ, _NUMBERS, _EVERYTHING, _LINEAR, _FOREST, _EXPERT)),
}

_MEDIAN_METRICS = ("mae", "mape", "smape")


def programs(brief: TaskBrief, goal: Target) -> dict[str, str]:
    """Return the source of every witness of a task."""
    facts = {
        "TARGET": goal.column,
        "ID": brief.submission.id_column,
        "FORM": goal.form.value,
        "COLUMNS": list(goal.columns),
        "LABELS": list(goal.labels),
        "LOG": get_metric(brief.metric).targets == "non_negative",
        "MEDIAN": brief.metric.name in _MEDIAN_METRICS,
    }
    head = "".join(f"{name} = {value!r}\n" for name, value in facts.items())
    return {
        tier: f"{STOCHASTIC}\n{head}{''.join(parts)}" if random else head + "".join(parts)
        for tier, (random, parts) in _TIERS.items()
    }
