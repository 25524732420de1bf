"""The witness ladder of a call detector: mean spectrum, ridges, their direction, matched filters."""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses

BANK = {"lengths": 3, "extents": 3, "centres": 8}
"""Filters of the expert along each range that a look at some spectrograms gives."""


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `audio_upcall`."""
    target, call = knobs.target.name, knobs.call
    low, high = 0.9 * call.low[0], call.low[1] + 1.05 * call.extent[1]
    load = (
        f'clips = read_clips([*train["{knobs.clip.name}"], *test["{knobs.clip.name}"]])\n'
        f'places = pd.concat([train["{knobs.site.name}"], test["{knobs.site.name}"]])\n'
        f"places = pd.get_dummies(places, dtype=float).to_numpy()\n"
    )
    picture = f"picture = spectrogram(clips, size=200, hop=32, low={low:.4g}, high={high:.4g})\n"
    fit = (
        "features = np.column_stack([features, places])\n"
        f'answer = {{"{target}": call_probability(features, train["{target}"].to_numpy())}}\n'
    )
    sign = 1 if call.rising else -1
    bank = (
        f"bank = {{\n"
        f'    "lengths": np.linspace({call.length[0]:g}, {call.length[1]:g}, {BANK["lengths"]}),\n'
        f'    "extents": np.linspace({call.extent[0]:g}, {call.extent[1]:g}, {BANK["extents"]}),\n'
        f'    "centres": np.linspace({call.low[0] + call.extent[0] / 2:.4g}, '
        f"{call.low[1] + call.extent[1] / 2:.4g}, {BANK['centres']}),\n"
        f'    "samples": {knobs.samples},\n'
        "}\n"
    )
    return witnesses(
        knobs,
        {
            "trivial": (
                "the share of positive clips",
                f'answer = {{"{target}": train["{target}"].mean()}}\n',
            ),
            "competent": (
                "logistic regression on mean spectra and sites",
                f"{load}{picture}features = picture.mean(axis=1)\n{fit}",
            ),
            "insight": (
                "calls are brief: ridges in the spectrogram, whatever their slope",
                f"{load}{picture}ridges = ridge_strengths(picture)\n"
                "features = np.sort(ridges, axis=1)[:, [-1, -2, -4]]\n" + fit,
            ),
            "insights": (
                "ridges in the spectrogram by their slope",
                f"{load}{picture}features = ridge_strengths(picture)\n{fit}",
            ),
            "expert": (
                "matched filters in both directions",
                f"{load}{bank}spectrum = whitened_spectrum(clips, low={low:.4g}, high={high:.4g})\n"
                f"found = [filtered_peak(spectrum, way, **bank) for way in ({sign}, 0, {-sign})]\n"
                "features = np.column_stack([*found, *np.square(found)])\n" + fit,
            ),
        },
    )
