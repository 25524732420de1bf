"""What the zygote imports is the caller's choice, and a fork of it works like a fresh interpreter."""

import importlib.util
from collections.abc import Iterator

import pytest

from sandmle_gym.errors import IsolationUnavailableError, SandboxError
from sandmle_gym.sandbox.warm import WarmBackend, preload


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmBackend]:
    try:
        backend = WarmBackend(tmp_path_factory.mktemp("public"), preload=preload.DEFAULT)
    except IsolationUnavailableError as error:
        pytest.skip(str(error))
    with backend:
        yield backend


def printed(backend: WarmBackend, source: str, *, seconds: float = 120) -> str:
    with backend.open() as sandbox:
        result = sandbox.run("python", source, seconds=seconds)
    assert result.status == "exited", result
    return (result.head + result.tail).decode()


@pytest.mark.parametrize("profile", preload.DEFAULT)
def test_a_profile_is_warm_in_every_child_as_far_as_it_is_installed(
    warm: WarmBackend, profile: str
) -> None:
    modules = preload.PROFILES[profile].modules
    source = (
        "import sys; from importlib.util import find_spec\n"
        f"print([m for m in {modules!r} if m not in sys.modules and find_spec(m.split('.')[0])])"
    )
    assert printed(warm, source) == "[]\n"


def test_modules_can_be_chosen_by_argument_and_by_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert preload.names(None) == preload.DEFAULT
    assert preload.names("tabular, colorsys") == ("tabular", "colorsys")
    assert preload.names("") == preload.names(()) == ()
    monkeypatch.setenv(preload.VARIABLE, "colorsys")
    assert preload.names(None) == ("colorsys",)
    assert preload.names(["bisect"]) == ("bisect",)
    with WarmBackend() as backend:
        loaded = printed(
            backend, "import sys; print('colorsys' in sys.modules, 'numpy' in sys.modules)"
        )
    assert loaded == "True False\n"


def test_what_a_profile_wants_and_nobody_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = preload.Profile(("colorsys", "nonsense.inner"), "raise SystemError")
    monkeypatch.setitem(preload.PROFILES, "half", profile)
    with WarmBackend(preload="half") as backend:
        assert printed(backend, "import sys; print('colorsys' in sys.modules)") == "True\n"


def test_a_thread_left_behind_keeps_the_zygote_from_serving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    monkeypatch.setitem(preload.PROFILES, "threaded", preload.Profile((), source))
    with pytest.raises(SandboxError, match="2 threads after the imports"):
        WarmBackend(preload="threaded")


PARALLEL = {
    "LightGBM": "import lightgbm\nlightgbm.LGBMClassifier(n_jobs={jobs}, verbose=-1).fit(X, y)",
    "gradient boosting": (
        "from sklearn.ensemble import HistGradientBoostingClassifier\n"
        "HistGradientBoostingClassifier(max_iter=10).fit(X, y)"
    ),
    "k-means": "from sklearn.cluster import KMeans\nKMeans(3, n_init=2).fit(X)",
    "forest": (
        "from sklearn.ensemble import RandomForestClassifier\n"
        "RandomForestClassifier(20, n_jobs={jobs}).fit(X, y)"
    ),
    "linear algebra": "numpy.linalg.svd(numpy.random.rand(300, 300))",
    "nearest neighbours": (
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "KNeighborsClassifier(n_jobs={jobs}).fit(X, y).predict(X)"
    ),
}


@pytest.mark.parametrize("jobs", [1, 2, -1])
@pytest.mark.parametrize("what", PARALLEL)
def test_no_library_hangs_after_the_fork(warm: WarmBackend, what: str, jobs: int) -> None:
    source = (
        "import numpy\nX = numpy.random.rand(200, 5); y = (X[:, 0] > 0.5).astype(int)\n"
        f"{PARALLEL[what].format(jobs=jobs)}\nprint('done')"
    )
    assert printed(warm, source).endswith("done\n")


def test_a_session_may_train_in_parallel_and_so_may_its_children(warm: WarmBackend) -> None:
    source = (
        "import numpy, os, lightgbm\nX = numpy.random.rand(200, 5); y = (X[:, 0] > 0.5).astype(int)\n"
        "lightgbm.LGBMClassifier(n_jobs=1, verbose=-1).fit(X, y)\n"
        "if os.fork() == 0:\n"
        "    lightgbm.LGBMClassifier(n_jobs=2, verbose=-1).fit(X, y); os._exit(0)\n"
        "print(os.wait()[1])"
    )
    with warm.open() as sandbox:
        assert sandbox.run("cell", source, seconds=60).head == b"0\n"


def test_children_start_from_the_same_random_state_not_from_a_shared_one(warm: WarmBackend) -> None:
    source = "import random, numpy; print(random.random(), numpy.random.rand())"
    burn = "import random, numpy; random.random(), numpy.random.rand(99)"
    with warm.open() as sandbox:
        first = sandbox.run("python", source, seconds=30).head
        sandbox.run("python", burn, seconds=30)
        assert sandbox.run("python", source, seconds=30).head == first


def test_torch_is_warm_when_asked_for() -> None:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    source = (
        "import sys; print('torch' in sys.modules); import torch\n"
        "torch.set_num_threads(2); x = torch.rand(300, 300); print(float((x @ x).sum()) > 0)\n"
        "print(torch.initial_seed())"
    )
    with WarmBackend(preload="torch") as backend:
        first = printed(backend, source)
        assert first.splitlines()[:2] == ["True", "True"]
        assert printed(backend, source) == first


def test_the_warm_up_is_the_same_path_that_a_script_takes(warm: WarmBackend) -> None:
    """Each profile's own program runs in a child too: nothing that it left behind breaks a second run."""
    for profile in preload.DEFAULT:
        assert printed(warm, preload.PROFILES[profile].warm_up) == ""
