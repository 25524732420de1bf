"""The witness ladder of time until an event: moments of the samples, the pitch, ratios and bursts, a line."""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `series_events`."""
    target, metric, path = knobs.target.name, knobs.metric.name, knobs.path.name
    load = (
        f'snippets = read_arrays([*train["{path}"], *test["{path}"]])\n'
        f'target = np.log(train["{target}"].to_numpy())\n'
        "features = channel_moments(snippets)\n"
    )
    pitch = "features = np.column_stack([features, np.log(pitches(snippets))])\n"
    more = (
        "ratio = spread_ratio(snippets, near=2)\n"
        "features = np.column_stack([features, ratio, sudden_steps(snippets)])\n"
    )
    fit = (
        "features = pd.DataFrame(features)\n"
        "oof, new = blend_values(*encode(features), target, 0)\n"
        f'answer = {{"{target}": from_log(new, np.std(target - oof), "{metric}")}}\n'
    )
    expert = (
        "knocks = np.log1p(burst_counts(snippets, turns=0.45, halving=3))\n"
        "signs = [np.log(pitches(snippets)), level_ratio(snippets, near=2), knocks]\n"
        "matrix = np.column_stack([zscores(sign) for sign in signs])\n"
        "matrix = np.column_stack([matrix, matrix**2])\n"
        "oof, new = linear_values(matrix, target, 0)\n"
        f'answer = {{"{target}": from_log(new, np.std(target - oof), "{metric}")}}\n'
    )
    return witnesses(
        knobs,
        {
            "trivial": (
                "the best constant",
                f'answer = {{"{target}": best_constant(train["{target}"].to_numpy(), {metric})}}\n',
            ),
            "competent": ("a blend of standard models on moments of every sensor", load + fit),
            "insight": ("the same with the pitch of the tremor", load + pitch + fit),
            "insights": ("pitch, far against near sensors, bursts", load + pitch + more + fit),
            "expert": ("a line through the three signs, in logarithms", load + expert),
        },
    )
