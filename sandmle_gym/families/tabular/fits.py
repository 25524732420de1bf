"""The fitting part of witness programs, for numbers, classes and ordered grades."""

from typing import Literal

from sandmle_gym.families.tabular.witness import Fit
from sandmle_gym.spec import Form, MetricSpec

Link = Literal["identity", "log"]
"""Scale on which a number follows the latent linearly."""

ORDER_ONLY = ("spearman", "pearson")
"""Metrics for which every constant is as good as another."""


def values(target: str, metric: MetricSpec, link: Link) -> Fit:
    """Predict numbers: fit on the working scale, shift it to suit the metric, go back."""
    loss = "rmse" if metric.name in (*ORDER_ONLY, "r2") else _loss(metric)
    trivial = f'answer = {{"{target}": best_constant(target, {loss})}}\n'
    if link == "log":
        start, inverse, shifted = "np.log(target)", "np.exp", metric.name not in ORDER_ONLY
    else:
        start, inverse, shifted = "target", "np.asarray", metric.name == "pinball"
    decide = f"shift = best_shift(oof, target, {inverse}, {loss})\n" if shifted else ""
    new = "new + shift" if shifted else "new"
    answer = f'answer = {{"{target}": {inverse}({new}) }}\n'.replace(") }", ")}")
    if link == "identity":
        answer = f'answer = {{"{target}": {new}}}\n'
    return Fit(
        trivial=trivial,
        blend=f"oof, new = blend_values(linear, trees, {start}, SEED)\n{decide}{answer}",
        expert=f"oof, new = linear_values(matrix, {start}, 0)\n{decide}{answer}",
    )


def classes(target: str, labels: tuple[str, ...], metric: MetricSpec, form: Form) -> Fit:
    """Predict classes: fit probabilities, then decide for the metric."""
    count = len(labels)
    start = f"labels = {list(labels)}\n" if form is not Form.PROBABILITY else ""
    if start:
        start += "target = np.array([labels.index(str(label)) for label in target])\n"
    shares = f"shares = np.bincount(target, minlength={count}) / len(target)\n"
    decide = _decide_classes(target, metric, form)
    return Fit(
        trivial=start + shares + _trivial_classes(target, metric, form),
        blend=f"{start}oof, new = blend_classes(linear, trees, target, {count}, SEED)\n{decide}",
        expert=f"{start}oof, new = linear_classes(matrix, target, {count}, 0)\n{decide}",
    )


def grades(target: str, count: int, metric: MetricSpec) -> Fit:
    """Predict grades 0 .. count - 1: fit a number, then cut it or take its mean grade."""
    if metric.name == "qwk":
        trivial = "answer = {column: np.bincount(target).argmax()}\n"
    else:
        loss = "mae" if metric.name == "mae" else "rmse"
        trivial = f"answer = {{column: best_constant(target, {loss})}}\n"
    trivial = trivial.replace("column", f'"{target}"')
    if metric.name in ("qwk", "mae"):
        decide = f"cuts = best_cuts(oof, target, {count}, {metric.name})\n"
        blend = expert = f'{decide}answer = {{"{target}": cut(new, cuts)}}\n'
    elif metric.name == "rmse":
        blend = f'answer = {{"{target}": new.clip(0, {count - 1})}}\n'
        expert = (
            f"cuts = np.quantile(oof, np.bincount(target, minlength={count}).cumsum()[:-1] / len(target))\n"
            "spread = best_spread(oof, target, cuts)\n"
            f'answer = {{"{target}": expected_grades(new, cuts, spread)}}\n'
        )
    else:
        blend = expert = f'answer = {{"{target}": new}}\n'
    return Fit(
        trivial=trivial,
        blend=f"oof, new = blend_values(linear, trees, target.astype(float), SEED)\n{blend}",
        expert=f"oof, new = linear_values(matrix, normal_scores(target, {count}), 0)\n{expert}",
    )


def _decide_classes(target: str, metric: MetricSpec, form: Form) -> str:
    if form is Form.PROBABILITY:
        return f'answer = {{"{target}": new[:, 1]}}\n'
    if form is Form.DISTRIBUTION:
        return "answer = dict(zip(labels, new.T))\n"
    if form is Form.RANKING:
        depth = int(metric.params["k"])
        return (
            f"ranked = (-new).argsort(axis=1)[:, :{depth}]\n"
            f'answer = {{"{target}": [" ".join(labels[k] for k in row) for row in ranked]}}\n'
        )
    if metric.name == "accuracy":
        return f'answer = {{"{target}": np.array(labels)[new.argmax(axis=1)]}}\n'
    return (
        f"weights = best_weights(oof, target, {_loss(metric)})\n"
        f'answer = {{"{target}": np.array(labels)[(new * weights).argmax(axis=1)]}}\n'
    )


def _trivial_classes(target: str, metric: MetricSpec, form: Form) -> str:
    if form is Form.PROBABILITY:
        return f'answer = {{"{target}": shares[1]}}\n'
    if form is Form.DISTRIBUTION:
        return "answer = dict(zip(labels, shares))\n"
    if form is Form.RANKING:
        depth = int(metric.params["k"])
        return (
            f"ranked = (-shares).argsort()[:{depth}]\n"
            f'answer = {{"{target}": " ".join(labels[k] for k in ranked)}}\n'
        )
    if metric.name == "f1_macro":
        return (
            "# every class in turn: a constant would leave all other classes without a hit\n"
            f'answer = {{"{target}": np.resize(labels, len(test))}}\n'
        )
    return (
        f"losses = [{_loss(metric)}(target, np.full(len(target), k)) for k in range(len(labels))]\n"
        f'answer = {{"{target}": labels[int(np.argmin(losses))]}}\n'
    )


def _loss(metric: MetricSpec) -> str:
    if not metric.params:
        return metric.name
    settings = ", ".join(f"{name}={value:g}" for name, value in metric.params.items())
    return f"partial({metric.name}, {settings})"
