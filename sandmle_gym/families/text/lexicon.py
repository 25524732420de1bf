"""Invented words: each draw has its own sounds, so no two tasks share a vocabulary."""

import numpy as np

from sandmle_gym.families.text.dice import Dice

ONSETS = tuple("b d f g h k l m n p r s t v z br dr fl gl gr kl kr pl sk sl sn sp st tr".split())
VOWELS = tuple("a e i o u ai ea ou".split())
CODAS = tuple("b d g k l m n p r s t x lk lm mp nd nk rn rt sk st".split())

HEAD = 4
"""The first letters that tell apart all words of one lexicon."""


class Lexicon:
    """Invents words that differ in their first `HEAD` letters and hold no doubled letter."""

    def __init__(self, rng: np.random.RandomState) -> None:
        self._dice = Dice(rng)
        self._onsets = self._dice.some(ONSETS, 15)
        self._vowels = self._dice.some(VOWELS, 5)
        self._codas = self._dice.some(CODAS, 10)
        self._heads: set[str] = set()

    def words(self, count: int, *, syllables: tuple[int, int] = (1, 2)) -> list[str]:
        """Return new words: closed syllables, at least four letters."""
        found: list[str] = []
        while len(found) < count:
            word = self._word(self._dice.between(*syllables))
            doubled = any(left == right for left, right in zip(word, word[1:], strict=False))
            if len(word) >= HEAD and word[:HEAD] not in self._heads and not doubled:
                self._heads.add(word[:HEAD])
                found.append(word)
        return found

    def _word(self, syllables: int) -> str:
        dice = self._dice
        opens = "".join(dice.pick(self._onsets) + dice.pick(self._vowels) for _ in range(syllables))
        return opens + dice.pick(self._codas)
