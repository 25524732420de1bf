"""The witness ladder of a census of voices: mean spectra, sites, rhythms, and a detector for every voice."""

from collections.abc import Mapping
from typing import Any

from sandmle_gym.families.notebook import witnesses

SPECIES, SEGMENTS = "species.csv", "segments.csv"


def programs(knobs: Any) -> Mapping[str, str]:
    """Write the program of every tier for the knobs of `audio_calls`."""
    target, metric = knobs.target.name, knobs.metric.name
    low = 0.7 * min(voice.pitch for voice in knobs.voices)
    high = 1.25 * max(voice.pitch for voice in knobs.voices)
    load = (
        f"pairs = pd.concat([train, test], ignore_index=True)\n"
        f'number = pairs["{knobs.pair.name}"] % 100\n'
        "kind = pd.get_dummies(number, dtype=float).to_numpy()\n"
        f'places = pd.get_dummies(pairs["{knobs.site.name}"], dtype=float).to_numpy()\n'
        f'clips, recording = distinct_clips(pairs["{knobs.clip.name}"])\n'
        f"picture = spectrogram(clips, size=48, hop=16, low={low:.4g}, high={high:.4g})\n"
    )
    segments = (
        f'counts = pd.read_csv("{SEGMENTS}", index_col="recording")\n'
        f'counts = np.sqrt(counts.loc[pairs["{knobs.pair.name}"] // 100].to_numpy())\n'
        "mean = np.log(np.exp(picture).mean(axis=1))[recording]\n"
        "parts = [kind, by_kind(mean, kind), by_kind(counts, kind)]\n"
    )
    site = "parts.append(by_kind(places, kind))\n"
    dry = "dry = without_rain(picture)\n"
    rhythm = (
        f"{dry}parts = [kind, by_kind(dry.mean(axis=1)[recording], kind)]\n"
        "parts.append(by_kind(rhythms(dry)[recording], kind))\n"
    )
    table = "".join(
        f'    "{voice.name}": ({voice.pitch:g}, {voice.glide:g}, {voice.pulses:g}, '
        f"{voice.duty:g}, {voice.length:g}),\n"
        for voice in knobs.voices
    )
    detectors = (
        "# pitch, glide, pulses in a clip, duty and length of each call, read off the spectrograms\n"
        f"calls = {{\n{table}}}\n"
        f'names = pd.read_csv("{SPECIES}", index_col="number")["name"]\n'
        "found = {name: pulse_train(clips, *call) for name, call in calls.items()}\n"
        "rows = [list(found).index(name) for name in names[number]]\n"
        "scores = np.stack([standard(values) for values in found.values()])\n"
        "pitch = np.array([call[0] for call in calls.values()])\n"
        "twin = np.argsort(np.abs(pitch[:, None] - pitch) + np.eye(len(pitch)), axis=1)[:, 0]\n"
        "own, other = scores[rows, recording], scores[twin[rows], recording]\n"
        "parts = [kind, own, own**2, other, by_kind(own[:, 0], kind)]\n"
    )
    values = f'"{knobs.target.positive}", "{knobs.target.negative}"'
    decide = f'answer = {{"{target}": guess}}\n'
    if metric == "f1_binary":
        decide = f'answer = {{"{target}": np.where(above_f1(guess), {values})}}\n'
    read = (
        f'target = (train["{target}"] == "{knobs.target.positive}").to_numpy().astype(int)\n'
        if metric == "f1_binary"
        else f'target = train["{target}"].to_numpy()\n'
    )
    fit = f"{read}guess = grouped_probability(np.column_stack(parts), target, recording)\n{decide}"
    trivial = (
        f'answer = {{"{target}": "{knobs.target.positive}"}}\n'
        if metric == "f1_binary"
        else f'answer = {{"{target}": train["{target}"].mean()}}\n'
    )
    return witnesses(
        knobs,
        {
            "trivial": ("the same for all pairs", trivial),
            "competent": ("mean spectra and segment counts, by species", load + segments + fit),
            "insight": ("the same with the sites", load + segments + site + fit),
            "insights": (
                "rhythms after the rain is taken out, and sites",
                load + rhythm + site + fit,
            ),
            "expert": (
                "a detector for the pulses of every species, and sites",
                load + detectors + site + fit,
            ),
        },
    )
