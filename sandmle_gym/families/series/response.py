"""The witness ladder of a controlled plant: raw inputs, moment and sum, memories, the plant itself."""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `series_control`."""
    target, loss, kind, asked = (
        knobs.target.name,
        "mae" if knobs.metric.name == "mae" else "rmse",
        knobs.kind.name,
        knobs.asked.name,
    )
    load = (
        f'target = train.pop("{target}").to_numpy()\n'
        f'both = pd.concat([train, test], ignore_index=True).drop(columns="{knobs.id_column}")\n'
        f'inputs = both.filter(regex="^{knobs.control.name}_").to_numpy()\n'
        f'asked = both["{asked}"].to_numpy()\n'
    )
    moment = (
        'both["now"] = at_step(inputs, asked)\n'
        'both["total"] = at_step(inputs.cumsum(axis=1), asked)\n'
    )
    memory = (
        'both["peak"] = at_step(np.maximum.accumulate(inputs, axis=1), asked)\n'
        "for leak in (0.05, 0.25):\n"
        '    both[f"store_{leak}"] = at_step(leaking(inputs, leak), asked)\n'
    )
    summary = (
        f'both = both.drop(columns=[c for c in both if c.startswith("{knobs.control.name}_")])\n'
    )
    fit = (
        "linear, trees = encode(both)\n"
        "oof, new = blend_values(linear, trees, target, 0)\n"
        f'answer = {{"{target}": new}}\n'
    )
    expert = (
        f'kind = dummies(both, "{kind}")\n'
        "now = at_step(inputs, asked)\n"
        "peak = at_step(np.maximum.accumulate(inputs, axis=1), asked)\n"
        "now, bend, peak = (zscores(part) for part in (now, (now - 0.5) ** 2, peak))\n"
        "tried = {}\n"
        "for leak in np.linspace(0.02, 0.4, 39):\n"
        "    store = zscores(at_step(leaking(inputs, leak), asked))\n"
        "    acting = [kind * part[:, None] for part in (now, bend, store)]\n"
        "    matrix = 5 * np.column_stack([*acting, kind, peak])\n"
        "    oof, new = linear_values(matrix, target, 0)\n"
        f"    tried[leak] = {loss}(target, oof), new\n"
        f'answer = {{"{target}": min(tried.values(), key=lambda pair: pair[0])[1]}}\n'
    )
    return witnesses(
        knobs,
        {
            "trivial": (
                "the best constant",
                f'answer = {{"{target}": best_constant(train["{target}"].to_numpy(), {loss})}}\n',
            ),
            "competent": ("a blend of standard models on the raw inputs", load + fit),
            "insight": (
                "the input of the moment, and all that went in before",
                load + moment + summary + fit,
            ),
            "insights": (
                "leaking stores and the highest input so far",
                load + moment + memory + summary + fit,
            ),
            "expert": ("the plant itself, its leak chosen by fold", load + expert),
        },
    )
