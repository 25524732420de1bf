"""Every seed card and the first tasks of each; a test that takes `slug` or `bundle` runs for all."""

import csv
import io
from functools import cache
from pathlib import Path

import pytest

from sandmle_gym import families
from sandmle_gym.bundle import TaskBundle

SEEDS = Path(__file__).parents[2] / "envs" / "seeds"
SLUGS = tuple(sorted(path.parent.name for path in SEEDS.glob("*/seed.toml")))
INDICES = (0, 1, 2)
TASKS = tuple((slug, index) for slug in SLUGS for index in INDICES)


def pytest_generate_tests(metafunc):
    if "slug" in metafunc.fixturenames:
        metafunc.parametrize("slug", SLUGS)
    if "bundle" in metafunc.fixturenames:
        names = [f"{slug}-{index}" for slug, index in TASKS]
        metafunc.parametrize("bundle", TASKS, ids=names, indirect=True)


@cache
def load(slug: str) -> families.SeedCard:
    return families.load_card(SEEDS / slug / "seed.toml")


@cache
def drawn(slug: str, index: int, attempt: int = 0) -> TaskBundle:
    return families.draw(families.derive(load(slug), index, attempt))


@pytest.fixture
def bundle(request) -> TaskBundle:
    return drawn(*request.param)


@pytest.fixture
def card(slug) -> families.SeedCard:
    return load(slug)


@pytest.fixture(scope="session")
def cards() -> dict[str, families.SeedCard]:
    return {slug: load(slug) for slug in SLUGS}


@pytest.fixture(scope="session")
def seeds() -> Path:
    return SEEDS


@pytest.fixture(scope="session")
def draw():
    return drawn


@pytest.fixture(scope="session")
def read():
    """Read a CSV file as columns of text."""

    def columns(data: bytes) -> dict[str, list[str]]:
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
        return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))

    return columns
