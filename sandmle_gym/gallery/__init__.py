"""The seed cards for people to browse: a README per card, an index, and a page with a picture per modality.

All of it is generated from the cards and their families, and checked for freshness by a test.
"""

from collections.abc import Mapping
from pathlib import Path

from sandmle_gym.families import SeedCard, load_card
from sandmle_gym.families.readme import readme
from sandmle_gym.gallery.index import index
from sandmle_gym.gallery.page import page

__all__ = ["files", "load_cards"]

PAGE = "gallery.html"


def load_cards(envs: Path) -> Mapping[str, SeedCard]:
    """Load every card of a folder by its slug."""
    paths = sorted(envs.glob("seeds/*/seed.toml"))
    return {path.parent.name: load_card(path) for path in paths}


def files(envs: Path) -> dict[Path, str]:
    """Return the text of every generated file below `envs`."""
    cards = load_cards(envs)
    texts = {envs / "seeds" / slug / "README.md": readme(card) for slug, card in cards.items()}
    texts[envs / "README.md"] = index(cards.values())
    texts[envs / PAGE] = page(cards.values())
    return texts
