"""Laws of random networks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.families.network import draw_links


@given(st.integers(10, 400), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_links_join_different_members_each_pair_once(members, per_member, seed):
    pairs = draw_links(members, per_member * members, np.random.RandomState(seed))
    assert pairs.shape[1] == 2
    assert pairs.min() >= 0
    assert pairs.max() < members
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert len({frozenset(pair) for pair in pairs.tolist()}) == len(pairs)


def test_some_members_are_much_busier_than_others_and_most_links_stay_in_a_circle():
    pairs = draw_links(1000, 5000, np.random.RandomState(1))
    degree = np.bincount(pairs.ravel(), minlength=1000)
    assert len(pairs) > 4500
    assert degree.max() > 4 * degree.mean()
    closed = np.zeros((1000, 1000), dtype=int)
    closed[pairs[:, 0], pairs[:, 1]] = closed[pairs[:, 1], pairs[:, 0]] = 1
    shared = (closed @ closed)[pairs[:, 0], pairs[:, 1]].mean()
    assert shared > 5 * degree.mean() ** 2 / 1000
