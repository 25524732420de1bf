"""What the public data of one task look like, as a fragment of HTML."""

import base64
import csv
import io
from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from sandmle_gym.bundle import TaskBundle
from sandmle_gym.families.media import png
from sandmle_gym.spec import Modality

ROWS, PICTURES, SOUNDS, POINTS, MEMBERS = 5, 16, 3, 240, 70
WINDOW = 64
"""Samples of one column of a spectrogram."""

Table = dict[str, list[str]]


def sight(bundle: TaskBundle) -> str:
    """Show a task by the means of its modality, then the first rows of its train table."""
    train = _table(bundle.public["train.csv"])
    show = _SIGHTS.get(bundle.brief.modality)
    picture = show(bundle, train) if show else ""
    return picture + _rows(train)


def _pictures(bundle: TaskBundle, train: Table) -> str:
    names = _files(bundle, train, ".png")[:PICTURES]
    images = "".join(f'<img alt="" src="{_data(bundle.public[name])}">' for name in names)
    return f"<div class=sheet>{images}</div>"


def _sounds(bundle: TaskBundle, train: Table) -> str:
    names = _files(bundle, train, ".wav")[:SOUNDS]
    images = (_data(png(_spectrogram(bundle.public[name]))) for name in names)
    return "".join(f'<img class=wide alt="spectrogram" src="{image}">' for image in images)


def _curves(bundle: TaskBundle, train: Table) -> str:
    """Draw the first numbers of the columns with most different values, of a row's file if there is one."""
    names = _files(bundle, train, ".csv")
    table = _table(bundle.public[names[0]]) if names else train
    columns = [cells for cells in map(_numbers, table.values()) if cells is not None]
    columns.sort(key=lambda cells: -len(np.unique(cells)))
    return "".join(_polyline(cells[:POINTS]) for cells in columns[:3])


def _network(bundle: TaskBundle, train: Table) -> str:
    """Draw the links among the members that come first in the list of links."""
    del train
    side = next(name for name in bundle.public if name.endswith(".csv") and name not in _USUAL)
    left, right, *_ = _table(bundle.public[side]).values()
    members = list(dict.fromkeys([*left[:MEMBERS], *right[:MEMBERS]]))[:MEMBERS]
    place = {name: k for k, name in enumerate(members)}
    angle = 2 * np.pi * np.arange(len(members)) / len(members)
    x, y = np.round(160 + 150 * np.cos(angle), 1), np.round(160 + 150 * np.sin(angle), 1)
    links = [(place[a], place[b]) for a, b in zip(left, right, strict=True) if {a, b} <= set(place)]
    lines = "".join(
        f'<line x1="{x[a]}" y1="{y[a]}" x2="{x[b]}" y2="{y[b]}" stroke-opacity=".35"/>'
        for a, b in links
    )
    dots = "".join(
        f'<circle cx="{x[k]}" cy="{y[k]}" r="3" fill="currentColor"/>' for k in range(len(members))
    )
    return f'<svg width="320" height="320" viewBox="0 0 320 320">{lines}{dots}</svg>'


def _texts(bundle: TaskBundle, train: Table) -> str:
    """Quote the longest column of words."""
    del bundle
    cells = max(train.values(), key=lambda column: sum(map(len, column[:ROWS])))
    return "".join(f"<blockquote>{escape(_short(cell, 320))}</blockquote>" for cell in cells[:3])


_SIGHTS: dict[Modality, Callable[[TaskBundle, Table], str]] = {
    Modality.IMAGE: _pictures,
    Modality.MULTIMODAL: _pictures,
    Modality.AUDIO: _sounds,
    Modality.SERIES: _curves,
    Modality.GRAPH: _network,
    Modality.TEXT: _texts,
    Modality.SEQUENCE: _texts,
}
_USUAL = ("train.csv", "test.csv", "sample_submission.csv")


def _table(data: bytes) -> Table:
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def _files(bundle: TaskBundle, train: Table, ending: str) -> list[str]:
    """Return the files that the train rows name, in the order of the rows."""
    for cells in train.values():
        if cells[0] in bundle.public and cells[0].endswith(ending):
            return list(dict.fromkeys(cells))
    return []


def _rows(train: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in train)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_short(cell, 60))}</td>" for cell in row) + "</tr>"
        for row in list(zip(*train.values(), strict=True))[:ROWS]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _data(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def _numbers(cells: Sequence[str]) -> np.ndarray | None:
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return None


def _polyline(values: np.ndarray) -> str:
    low, high = values.min(), values.max()
    scaled = (high - values) / (high - low) if high > low else np.full(len(values), 0.5)
    x = np.linspace(2, 638, len(values))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, 4 + 82 * scaled, strict=True))
    return f'<svg width="640" height="90" viewBox="0 0 640 90"><polyline points="{points}"/></svg>'


def _spectrogram(data: bytes) -> np.ndarray:
    """Return the logarithmic spectrogram of a WAV file, low tones below, as a grey picture."""
    import wave

    with wave.open(io.BytesIO(data)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)
    starts = range(0, len(samples) - WINDOW, WINDOW // 4)
    frames = np.stack([samples[start : start + WINDOW] for start in starts]) * np.hanning(WINDOW)
    power = np.log(np.abs(np.fft.rfft(frames, axis=1)) + 1.0)
    scaled = (power - power.min()) / max(np.ptp(power), 1e-9)
    return np.rint(255 * np.round(scaled, 4)).astype(np.uint8).T[::-1]
