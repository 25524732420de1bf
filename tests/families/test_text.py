"""Laws of texts: words can be told apart, disguises undone, numbers read back, and oracles are calibrated."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.families.recipes.inflection import shared_end
from sandmle_gym.families.recipes.sequence import number_words, ordinal_words, year_words
from sandmle_gym.families.recipes.text import undisguised
from sandmle_gym.families.text import numerals
from sandmle_gym.families.text.dice import Dice
from sandmle_gym.families.text.lexicon import HEAD, Lexicon
from sandmle_gym.families.text.noise import SPELLINGS, disguise
from sandmle_gym.families.text.numerals import HouseStyle
from sandmle_gym.seeding import stream

seeds = st.integers(0, 10**6)
styles = st.builds(
    HouseStyle,
    joint=st.sampled_from([" and ", " "]),
    hyphen=st.sampled_from(["-", " "]),
    zero=st.sampled_from(["zero", "oh", "nought"]),
    point=st.just("point"),
)


@given(seeds)
def test_words_of_a_lexicon_differ_early_and_double_no_letter(seed):
    words = Lexicon(stream("words", seed)).words(150)
    assert len({word[:HEAD] for word in words}) == len(words)
    assert all(left != right for word in words for left, right in pairwise(word))


@given(seeds, st.sampled_from(sorted(SPELLINGS)))
def test_every_disguise_can_be_undone(seed, spelling):
    (word,) = Lexicon(stream("undo", seed)).words(1)
    hidden = disguise(word, (spelling,), Dice(stream("disguise", seed)))
    assert undisguised(f"you are {hidden}.") == f"you are {word}."


@given(st.integers(0, 999_999), styles)
def test_witnesses_write_numbers_as_the_generator_does(number, style):
    words = numerals.cardinal(number, style)
    assert number_words(number, (style.joint, style.hyphen)) == words
    assert words == " ".join(words.split())


@given(st.integers(1, 99), st.integers(1100, 1999), styles)
def test_witnesses_write_ordinals_and_years_as_the_generator_does(number, year, style):
    plain = (style.joint, style.hyphen)
    assert ordinal_words(number, plain) == numerals.ordinal(number, style)
    assert year_words(year, plain, style.zero) == numerals.year(year, style)


@given(st.lists(st.text("ab", max_size=6), max_size=5))
def test_a_shared_end_ends_every_text_and_no_longer_one_does(texts):
    end = shared_end(texts)
    assert all(text.endswith(end) for text in texts)
    if len(set(texts)) > 1 and min(map(len, texts)) > len(end):
        assert len({text[-len(end) - 1] for text in texts}) > 1


@given(seeds, st.integers(1, 9), st.integers(0, 9))
def test_dice_stay_within_their_bounds(seed, low, more):
    dice = Dice(stream("dice", seed))
    assert all(low <= dice.between(low, low + more) <= low + more for _ in range(50))
    assert sorted(dice.some(range(low), low)) == list(range(low))


CALIBRATED = (
    "forum-insults",
    "hotel-complaints",
    "near-miss-reports",
    "depot-board",
    "serial-authors",
)


@pytest.mark.parametrize("name", CALIBRATED)
def test_the_probabilities_of_the_oracle_are_those_of_the_labels(name, draw, read):
    """In every tenth of the probabilities, as many rows are positive as they say (4.5 s.e.)."""
    bundle = draw(name, 0)
    truth, oracle = read(bundle.private.answers), read(bundle.private.oracle)
    schema = bundle.brief.submission
    for column in schema.columns:
        chance = np.array(oracle[column], dtype=float)
        shown = truth[column] if column in truth else list(truth.values())[-1]
        happened = np.array([cell in ("1", column) for cell in shown], dtype=float)
        for part in np.array_split(np.argsort(chance, kind="stable"), 10):
            spread = np.sqrt((chance[part] * (1 - chance[part])).sum())
            assert abs((happened[part] - chance[part]).sum()) <= 4.5 * max(spread, 0.5)
