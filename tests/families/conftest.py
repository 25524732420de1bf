"""Every seed card and the first tasks of each; a test that takes `slug`, `bundle` or `table` runs for all."""

import csv
import io
from functools import cache
from pathlib import Path

import pytest

from sandmle_gym import families
from sandmle_gym.bundle import TaskBundle
from sandmle_gym.families.family import Family
from sandmle_gym.families.registry import get_family
from sandmle_gym.families.tabular.card import TabularCard
from sandmle_gym.families.tabular.family import TabularFamily

SEEDS = Path(__file__).parents[2] / "envs" / "seeds"


@cache
def load(slug: str) -> families.SeedCard:
    return families.load_card(SEEDS / slug / "seed.toml")


def family_of(slug: str) -> Family:
    return get_family(load(slug).family)


SLUGS = tuple(sorted(path.parent.name for path in SEEDS.glob("*/seed.toml")))
TABULAR = tuple(slug for slug in SLUGS if isinstance(family_of(slug), TabularFamily))
TASKS = tuple((slug, index) for slug in SLUGS for index in range(3 if slug in TABULAR else 1))
"""Tables are cheap to draw; a task of files takes most of a second and some megabytes."""


def pytest_generate_tests(metafunc):
    if "slug" in metafunc.fixturenames:
        metafunc.parametrize("slug", SLUGS)
    if "table_card" in metafunc.fixturenames:
        metafunc.parametrize("table_card", TABULAR, indirect=True)
    for fixture, slugs in (("bundle", SLUGS), ("table", TABULAR)):
        if fixture in metafunc.fixturenames:
            tasks = [task for task in TASKS if task[0] in slugs]
            names = [f"{slug}-{index}" for slug, index in tasks]
            metafunc.parametrize(fixture, tasks, ids=names, indirect=True)


@cache
def drawn(slug: str, index: int, attempt: int = 0) -> TaskBundle:
    return families.draw(families.derive(load(slug), index, attempt))


@pytest.fixture
def bundle(request) -> TaskBundle:
    return drawn(*request.param)


@pytest.fixture
def table(request) -> TaskBundle:
    """A task of a tabular family."""
    return drawn(*request.param)


@pytest.fixture
def table_card(request) -> TabularCard:
    """A card of a tabular family."""
    return load(request.param)


@pytest.fixture
def card(slug) -> families.SeedCard:
    return load(slug)


@pytest.fixture(scope="session")
def table_cards() -> dict[str, TabularCard]:
    return {slug: load(slug) for slug in TABULAR}


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
