"""Metrics against other people's implementations, or against the definition written out naively."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import directed_hausdorff
from sklearn import metrics as sk

from sandmle_gym.metrics.masks import hausdorff, overlap, paint
from sandmle_gym.metrics.texts import edit_distance
from sandmle_gym.spec import Form

SEEDS = st.integers(0, 2**32 - 1)


def mean(function, truth, prediction):
    return np.mean([function(t, p) for t, p in zip(truth, prediction, strict=True)])


def columns(function, truth, prediction):
    return mean(function, truth.T, prediction.T)


# ---------------------------------------------------------------- probabilities and numbers


def weighted_area(truth, prediction):
    """Clip the curve to each band of recall and integrate it, as the competition's code does."""
    far, recall, _ = sk.roc_curve(truth, prediction, drop_intermediate=False)
    total = 0.0
    for low, high, weight in ((0.0, 0.4, 2.0), (0.4, 1.0, 1.0)):
        fine = np.linspace(0, 1, 200_001)
        total += weight * np.trapezoid(np.clip(np.interp(fine, far, recall), low, high) - low, fine)
    return total / (2.0 * 0.4 + 0.6)


def weighted_log_loss(truth, prediction):
    total = weight = 0.0
    for row, chances in zip(truth, prediction, strict=True):
        for column in range(2):
            w = (2.0 if row[column] else 1.0) * (7.0 if column == 0 else 1.0)
            p = chances[column] if row[column] else 1 - chances[column]
            total, weight = total - w * math.log(max(p, np.finfo(float).eps)), weight + w
    return total / weight


def subgroups(truth, prediction):
    y, group = truth.T

    def area(mask):
        return sk.roc_auc_score(y[mask], prediction[mask])

    def power(values):
        return np.mean(np.array(values) ** -5.0) ** -0.2

    names = [1, 2]
    within = [area(group == g) for g in names]
    inside = [area(((group == g) & (y == 1)) | ((group != g) & (y == 0))) for g in names]
    outside = [area(((group == g) & (y == 0)) | ((group != g) & (y == 1))) for g in names]
    rest = power(within) + power(inside) + power(outside)
    return 0.25 * sk.roc_auc_score(y, prediction) + 0.25 * rest


def concordance(truth, prediction):
    right = total = 0.0
    for (t, seen), p in zip(truth, prediction, strict=True):
        for (u, _), q in zip(truth, prediction, strict=True):
            if seen and t < u:
                total += 1
                right += (p < q) + (p == q) / 2
    return right / total


def laplace(truth, prediction):
    def one(t, p):
        spread, error = max(p[1], 0.25), min(abs(t - p[0]), 4.0)
        return -math.sqrt(2) * error / spread - math.log(math.sqrt(2) * spread)

    return mean(one, truth, prediction)


def haversine(truth, prediction):
    (a, b), (c, d) = np.radians(truth).T, np.radians(prediction).T
    inner = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * 6_371_000 * np.arcsin(np.sqrt(inner))


def angles(truth, prediction):
    def vector(side):
        azimuth, zenith = side.T
        flat = np.sin(zenith)
        return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.cos(zenith)])

    dot = (vector(truth) * vector(prediction)).sum(axis=0)
    return np.arccos(np.clip(dot, -1, 1)).mean()


def by_group(truth, prediction, of_group):
    groups = truth[:, 1]
    return np.mean([of_group(truth[groups == g], prediction[groups == g]) for g in set(groups)])


# ---------------------------------------------------------------- texts


def distance(left, right):
    """The textbook table."""
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        here = [row]
        for column, b in enumerate(right, 1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b)))
        above = here
    return above[-1]


def jaccard(left, right):
    a, b = set(left.lower().split()), set(right.lower().split())
    return len(a & b) / (len(a) + len(b) - len(a & b))


def word_f1(left, right):
    a, b = left.lower().split(), right.lower().split()
    shared = sum(min(a.count(word), b.count(word)) for word in set(a))
    if not shared:
        return 0.0
    return stats.hmean([shared / len(a), shared / len(b)])


# ---------------------------------------------------------------- masks of 6 x 5 pixels


def painted(mask):
    flat = np.zeros(30, dtype=bool)
    for start, end in mask.tolist():
        flat[start:end] = True
    return flat.reshape(5, 6).T


def of_masks(score):
    def average(truth, prediction):
        return mean(lambda t, p: score(painted(t), painted(p)), truth, prediction)

    return average


def dice(left, right):
    total = left.sum() + right.sum()
    return 2 * (left & right).sum() / total if total else 1.0


def iou(left, right):
    return sk.jaccard_score(left.ravel(), right.ravel(), zero_division=1.0)


def share_of_thresholds(left, right):
    return np.mean([iou(left, right) > cut / 100 for cut in range(50, 100, 5)])


def far(left, right):
    a, b = np.argwhere(left), np.argwhere(right)
    if not len(a) or not len(b):
        return 0.0 if len(a) == len(b) else math.inf
    return max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0])


def dice_hausdorff(left, right):
    return 0.4 * dice(left, right) + 0.6 * (1 - min(far(left, right) / math.hypot(6, 5), 1))


def pixels(sides):
    return np.concatenate([painted(mask).ravel() for mask in sides])


# ---------------------------------------------------------------- boxes


def box_iou(a, b):
    wide = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    high = min(a[3] + a[5], b[3] + b[5]) - max(a[3], b[3])
    shared = max(wide, 0) * max(high, 0)
    return shared / (a[4] * a[5] + b[4] * b[5] - shared)


def hits_of(truth, prediction, threshold):
    """(label, score, hit) of each detection: the best free box of its label, best score first."""
    for true, found in zip(truth, prediction, strict=True):
        free = list(range(len(true)))
        for box in sorted(found.tolist(), key=lambda box: -box[1]):
            fitting = [k for k in free if true[k][0] == box[0]]
            best = max(fitting, key=lambda k: box_iou(box, true[k]), default=None)
            hit = best is not None and box_iou(box, true[best]) >= threshold
            if hit:
                free.remove(best)
            yield box[0], box[1], hit


def mean_average_precision(thresholds):
    def score(truth, prediction):
        labels = {label for true in truth for label in true[:, 0]}
        values = []
        for threshold, label in itertools.product(thresholds, labels):
            count = sum((true[:, 0] == label).sum() for true in truth)
            found = [hit for hit in hits_of(truth, prediction, threshold) if hit[0] == label]
            points = [(0.0, 1.0)]
            for cut in sorted({box[1] for box in found}, reverse=True):
                kept = [box[2] for box in found if box[1] >= cut]
                points.append((sum(kept) / count, sum(kept) / len(kept)))
            area = 0.0
            for (r, _), (s, _) in itertools.pairwise(points):
                area += (s - r) * max(precision for recall, precision in points if recall >= s)
            values.append(area)
        return np.mean(values)

    return score


def f2(truth, prediction):
    values = []
    for threshold in np.arange(0.3, 0.81, 0.05):
        hits = sum(hit for *_, hit in hits_of(truth, prediction, round(threshold, 2)))
        wrong, missed = sum(map(len, prediction)) - hits, sum(map(len, truth)) - hits
        values.append(5 * hits / (5 * hits + 4 * missed + wrong))
    return np.mean(values)


def centres(truth, prediction):
    hits = 0
    for true, found in zip(truth, prediction, strict=True):
        free = true.tolist()
        for label, _, x, y, wide, high in sorted(found.tolist(), key=lambda box: -box[1]):
            a, b = x + wide / 2, y + high / 2
            for box in free:
                inside = box[2] <= a <= box[2] + box[4] and box[3] <= b <= box[3] + box[5]
                if inside and box[0] == label:
                    free.remove(box)
                    hits += 1
                    break
    return 2 * hits / (sum(map(len, truth)) + sum(map(len, prediction)))


# ---------------------------------------------------------------- rankings


def graded_ndcg(truth, prediction):
    gains = dict(truth)
    items = list(gains)
    ideal = sum(
        (2**g - 1) / math.log2(k + 2) for k, g in enumerate(sorted(gains.values())[::-1][:3])
    )
    got = sum(
        (2 ** gains.get(item, 0) - 1) / math.log2(k + 2) for k, item in enumerate(prediction[:3])
    )
    assert items
    return got / ideal if ideal else 1.0


def reciprocal(truth, prediction):
    return max((1 / k for k, item in enumerate(prediction[:3], 1) if item in truth), default=0.0)


def recall(truth, prediction):
    return len(set(truth) & set(prediction[:3])) / min(len(truth), 3)


def swaps(truth, prediction):
    wrong = total = 0
    for order, ranked in zip(truth, prediction, strict=True):
        for a, b in itertools.combinations(order, 2):
            total += 1
            listed = a in ranked and b in ranked
            wrong += not (listed and ranked.index(a) < ranked.index(b))
    return 1 - 4 * wrong / (2 * total)


def sets(function, **options):
    return lambda t, p: function(t.astype(int), p.astype(int), **options)


EPS = np.finfo(float).eps
REFERENCES = {
    "accuracy_sets": sets(sk.accuracy_score),
    "accuracy_text": lambda t, p: sk.accuracy_score(t.tolist(), p.tolist()),
    "angular_error": angles,
    "average_precision_columns": lambda t, p: columns(sk.average_precision_score, t, p),
    "concordance": concordance,
    "dice": of_masks(dice),
    "dice_global": lambda t, p: sk.f1_score(pixels(t), pixels(p)),
    "dice_hausdorff": of_masks(dice_hausdorff),
    "edit_similarity": lambda t, p: mean(
        lambda a, b: 1 - distance(a, b) / max(len(a), len(b)), t, p
    ),
    "error_rate": lambda t, p: 1 - sk.accuracy_score(t, p),
    "f1_centres": centres,
    "f1_macro_sets": sets(sk.f1_score, average="macro"),
    "f1_micro_sets": sets(sk.f1_score, average="micro"),
    "f1_probabilistic": lambda t, p: stats.hmean([t @ p / p.sum(), t @ p / t.sum()]),
    "f1_samples": sets(sk.f1_score, average="samples", zero_division=1.0),
    "f1_text": lambda t, p: sk.accuracy_score(t.tolist(), p.tolist()),
    "f1_words": lambda t, p: mean(word_f1, t, p),
    "f2_boxes": f2,
    "f_beta_pixels": lambda t, p: sk.fbeta_score(pixels(t), pixels(p), beta=0.5),
    "haversine": lambda t, p: haversine(t, p).mean(),
    "haversine_p50_p95": lambda t, p: np.percentile(haversine(t, p), [50, 95]).mean(),
    "iou": of_masks(iou),
    "jaccard_sets": sets(sk.jaccard_score, average="samples", zero_division=1.0),
    "jaccard_words": lambda t, p: mean(jaccard, t, p),
    "kendall": lambda t, p: stats.kendalltau(t, p).statistic,
    "kendall_orders": swaps,
    "kl_divergence": lambda t, p: mean(lambda a, b: stats.entropy(a, np.maximum(b, EPS)), t, p),
    "laplace": laplace,
    "levenshtein": lambda t, p: mean(distance, t, p),
    "log_loss_columns": lambda t, p: columns(sk.log_loss, t, p),
    "log_loss_weighted": weighted_log_loss,
    "lrap": sk.label_ranking_average_precision_score,
    "lwlrap": lambda t, p: sk.label_ranking_average_precision_score(
        t, p, sample_weight=t.sum(axis=1)
    ),
    "mae_columns": sk.mean_absolute_error,
    "mae_log_groups": lambda t, p: by_group(
        t, p, lambda a, b: math.log(sk.mean_absolute_error(a[:, 0], b))
    ),
    "map_at_iou": mean_average_precision([0.4]),
    "map_over_iou": mean_average_precision([cut / 100 for cut in range(50, 100, 5)]),
    "mrr_at_k": lambda t, p: mean(reciprocal, t, p),
    "ndcg_graded_at_k": lambda t, p: mean(graded_ndcg, t, p),
    "pinball_columns": lambda t, p: np.mean(
        [sk.mean_pinball_loss(t, p[:, k], alpha=(k + 1) / 4) for k in range(3)]
    ),
    "precision_over_iou": of_masks(share_of_thresholds),
    "recall_at_k": lambda t, p: mean(recall, t, p),
    "rmse_pooled": lambda t, p: sk.root_mean_squared_error(t.ravel(), p.ravel()),
    "rmsse": lambda t, p: by_group(
        t, p, lambda a, b: sk.root_mean_squared_error(a[:, 0] / a[:, 2], b / a[:, 2])
    ),
    "roc_auc_subgroups": subgroups,
    "roc_auc_weighted": weighted_area,
    "spearman_columns": lambda t, p: columns(lambda a, b: stats.spearmanr(a, b).statistic, t, p),
    "top_k_accuracy": lambda t, p: mean(lambda a, b: bool(set(a) & set(b[:3])), t, p),
    "word_error_rate": lambda t, p: (
        sum(distance(a.split(), b.split()) for a, b in zip(t, p, strict=True))
        / sum(len(a.split()) for a in t)
    ),
}
APPROXIMATE = {"roc_auc_weighted": 1e-4}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("seed", range(5))
def test_metrics_agree_with_an_independent_implementation(lab_of, name, seed):
    lab, random = lab_of(name), np.random.RandomState(seed)
    truth, prediction = lab.truth(random, 120), lab.prediction(random, 120)
    if lab.metric.form in (Form.MASK, Form.BOXES, Form.TEXT):  # random things hardly ever meet
        prediction[::3] = truth[::3]
    expected = float(REFERENCES[name](truth, prediction))
    assert lab.metric(truth, prediction) == pytest.approx(
        expected, rel=APPROXIMATE.get(name, 1e-9), abs=1e-12
    )


TEXTS = st.text(alphabet="ab ßx", max_size=90)


@settings(deadline=None)
@given(left=TEXTS, right=TEXTS)
def test_the_edit_distance_is_the_textbooks(left, right):
    assert edit_distance(left, right) == distance(left, right)
    assert edit_distance(left.split(), right.split()) == distance(left.split(), right.split())


RUNS = st.sets(st.integers(0, 30), max_size=12).map(
    lambda edges: np.array(sorted(edges)[: len(edges) // 2 * 2], dtype=np.int64).reshape(-1, 2)
)


@settings(deadline=None)
@given(left=RUNS, right=RUNS)
def test_masks_overlap_and_lie_apart_as_their_pixels_do(left, right):
    a, b = painted(left), painted(right)
    assert (paint(left, 6, 5) == a).all()
    assert overlap(left, right) == (a & b).sum()
    assert hausdorff(a, b) == pytest.approx(far(a, b))


def test_masks_of_nothing_count_as_on_kaggle(lab_of):
    none, some = np.zeros((0, 2), int), np.array([[3, 9]])
    truth, prediction = (np.empty(2, dtype=object) for _ in range(2))
    truth[:], prediction[:] = [none, none], [none, some]
    for name in ("dice", "iou", "precision_over_iou", "dice_hausdorff"):
        assert lab_of(name).metric(truth, prediction) == 0.5


def test_no_place_outside_the_usual_ranges_is_near_to_everything(lab_of):
    """With cos(latitude) below 0 the formula itself would return 0 for any distance."""
    truth = np.array([[10.0, 20.0], [-50.0, 99.0]])
    for latitude in (100.0, 180.0, 1e6):
        wrong = np.array([[latitude, 0.0], [latitude, 0.0]])
        assert lab_of("haversine").metric(truth, wrong) > 1e6


DEGENERATE = [
    ("concordance", [[1.0, 0.0], [2.0, 0.0]], [1.0, 2.0], 0.5),
    ("concordance", [[1.0, 1.0], [1.0, 1.0]], [1.0, 2.0], 0.5),
    ("kendall", [1.0, 1.0], [1.0, 2.0], 0.0),
    ("lwlrap", [[0.0, 0.0]], [[0.1, 0.2]], 1.0),
    ("lrap", [[0.0, 0.0]], [[0.1, 0.2]], 1.0),
    ("f1_probabilistic", [0.0, 0.0], [0.5, 0.5], 0.0),
    ("roc_auc_weighted", [1.0, 1.0], [0.5, 0.5], 0.5),
    ("roc_auc_subgroups", [[1.0, 0.0], [0.0, 0.0]], [0.9, 0.1], 1.0),
    ("average_precision_columns", [[0.0, 0.0]], [[0.1, 0.2]], 0.0),
]


@pytest.mark.parametrize(("name", "truth", "prediction", "score"), DEGENERATE)
def test_degenerate_input_has_the_stated_value(lab_of, name, truth, prediction, score):
    assert lab_of(name).metric(np.array(truth), np.array(prediction)) == pytest.approx(score)
