"""What the zygote imports before the first episode, as data: profiles by modality, each with a warm-up.

A warm-up touches each library once, so that its lazy parts and its memory are there before the fork; that
halves the time of a first step. It is single-threaded on purpose: a pool of threads that is alive at the
fork deadlocks its copy in the child.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

VARIABLE = "SANDMLE_PRELOAD"
"""Environment variable: what to preload where the caller names nothing, separated by commas."""


@dataclass(frozen=True)
class Profile:
    """Modules that belong together, and a program that uses them once."""

    modules: tuple[str, ...]
    warm_up: str = ""
    """Runs if every module is there. Its errors are ours, and keep the zygote from starting."""
    required: bool = False
    """Whether a module that is not installed is an error; else it is left out, and reported."""


class Group(TypedDict):
    """A profile as the zygote gets it; JSON."""

    modules: list[str]
    warm_up: str
    required: bool


PROFILES = {
    "tabular": Profile(
        (
            "numpy",
            "pandas",
            "scipy.stats",
            "sklearn.cluster",
            "sklearn.compose",
            "sklearn.decomposition",
            "sklearn.ensemble",
            "sklearn.impute",
            "sklearn.linear_model",
            "sklearn.metrics",
            "sklearn.model_selection",
            "sklearn.neighbors",
            "sklearn.pipeline",
            "sklearn.preprocessing",
            "sklearn.svm",
            "lightgbm",
        ),
        """
import lightgbm, numpy, pandas
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
draw = numpy.random.RandomState(0)
frame = pandas.DataFrame(draw.normal(size=(200, 10))).add_prefix("x")
target = (frame["x0"] > 0).astype(int)
lightgbm.LGBMClassifier(n_jobs=1, verbose=-1).fit(frame, target).predict_proba(frame)
cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), frame, target, cv=2)
RandomForestClassifier(5, n_jobs=1).fit(frame, target).predict(frame)
frame.to_csv("/dev/null", index=False)
frame.describe()
""",
    ),
    "text": Profile(
        ("sklearn.feature_extraction.text", "sklearn.linear_model", "sklearn.naive_bayes"),
        """
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
features = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(["one two", "two three", "three one"])
LogisticRegression().fit(features, [0, 1, 0])
""",
    ),
    "image": Profile(
        ("numpy", "PIL.Image", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "scipy.ndimage"),
        """
import io
import numpy
from PIL import Image
from scipy import ndimage
for form in ("PNG", "JPEG"):
    file = io.BytesIO()
    Image.fromarray(numpy.zeros((32, 32, 3), "uint8")).save(file, form)
    pixels = numpy.asarray(Image.open(file).convert("L").resize((16, 16)))
ndimage.gaussian_filter(pixels.astype(float), 1.0)
""",
    ),
    "audio": Profile(
        ("numpy", "scipy.fft", "scipy.io.wavfile", "scipy.signal"),
        """
import io
import numpy
from scipy import signal
from scipy.io import wavfile
file = io.BytesIO()
wavfile.write(file, 8000, numpy.zeros(4096, "int16"))
signal.spectrogram(wavfile.read(file)[1].astype(float), 8000)
signal.sosfilt(signal.butter(4, 0.1, output="sos"), numpy.zeros(512))
""",
    ),
    "torch": Profile(
        ("torch", "torch.nn", "torch.optim"),
        """
import torch
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters())
model(torch.zeros(16, 8)).mean().backward()
optimizer.step()
""",
        required=True,
    ),
}
DEFAULT = ("tabular", "text", "image", "audio")
"""Every modality of the built-in tasks; torch takes seconds and 200 MB, so it must be asked for."""


def names(chosen: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return what to preload: profiles and modules by name.

    Args:
        chosen: Names, or one text with commas between them; "" and (): nothing. None: what the
            environment variable `SANDMLE_PRELOAD` says, else `DEFAULT`.
    """
    if chosen is None:
        chosen = os.environ.get(VARIABLE)
    if chosen is None:
        return DEFAULT
    if isinstance(chosen, str):
        chosen = [name.strip() for name in chosen.split(",")]
    return tuple(name for name in chosen if name)


def groups(chosen: str | Iterable[str] | None) -> list[Group]:
    """Spell out what `names` returns; a name that is no profile is a module, which must be installed."""
    profiles = [PROFILES.get(name, Profile((name,), required=True)) for name in names(chosen)]
    return [
        Group(modules=list(each.modules), warm_up=each.warm_up, required=each.required)
        for each in profiles
    ]
