"""The witness ladder of fault scores: isolation, levels by mode, coupling and stuck values, the lag."""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `series_anomaly`."""
    target, mode = knobs.target.name, knobs.mode.name
    load = (
        "both = pd.concat([train, test], ignore_index=True)\n"
        f'first = both.filter(regex="^{knobs.first.name}_").to_numpy()\n'
        f'second = both.filter(regex="^{knobs.second.name}_").to_numpy()\n'
    )
    level = (
        "offset = np.median(second, axis=1) - np.median(first, axis=1)\n"
        f'usual = both.assign(offset=offset).groupby("{mode}")["offset"].transform("median")\n'
        "score = surprise(np.abs(offset - usual))\n"
    )
    stuck = "score += 40.0 * (longest_still(first, limit=0.08) >= 4)\n"
    coupling = "score += surprise(np.log(unexplained(first, second).std(axis=1)))\n"
    late = (
        "spread = {lag: unexplained(first, second, lag) for lag in range(7)}\n"
        "typical = {lag: np.median(np.abs(rest)) for lag, rest in spread.items()}\n"
        "lag = min(typical, key=lambda lag: typical[lag])\n"
        "score += surprise(np.log(np.median(np.abs(spread[lag]), axis=1)))\n"
    )
    answer = f'answer = {{"{target}": percentile(score)[len(train) :]}}\n'
    return witnesses(
        knobs,
        {
            "trivial": ("the same for all windows", f'answer = {{"{target}": 0.1}}\n'),
            "competent": (
                "an isolation forest on robust summaries",
                f"{load}parts = [summaries(first), summaries(second)]\n"
                f'parts.append(dummies(both, "{mode}"))\n'
                f"score = isolation(np.column_stack(parts))\n{answer}",
            ),
            "insight": ("levels against those of the mode", load + level + answer),
            "insights": (
                "levels by mode, stuck values, and how one sensor follows the other",
                load + level + stuck + coupling + answer,
            ),
            "expert": (
                "the same with the lag between the sensors, deaf to single jolts",
                load + level + stuck + late + answer,
            ),
        },
    )
