"""The pages about the seed cards are what the cards say."""

from pathlib import Path

import pytest

from sandmle_gym.gallery import files, load_cards
from sandmle_gym.spec import Modality

ENVS = Path(__file__).parents[1] / "envs"


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    return files(ENVS)


def test_every_page_is_fresh(pages):
    stale = [
        str(path.relative_to(ENVS)) for path, text in pages.items() if path.read_text() != text
    ]
    assert stale == [], "write them anew: sandmle gallery envs"


def test_the_page_shows_every_modality_and_card(pages):
    page = pages[ENVS / "gallery.html"]
    cards = load_cards(ENVS)
    assert all(f"<h2>{m.capitalize()}</h2>" in page for m in {c.modality for c in cards.values()})
    assert {card.modality for card in cards.values()} <= set(Modality)
    assert all(f"seeds/{slug}/README.md" in page for slug in cards)
    assert "http" not in page.replace("http-equiv", "")
