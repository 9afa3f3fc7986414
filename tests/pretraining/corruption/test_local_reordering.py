"""Reordering of pieces, counted on 126,000 pieces."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.local_reordering import LocalReordering
from tests.pretraining.corruption.made_windows import (
    N_PIECES,
    N_WINDOWS,
    corrupt,
    corrupt_many,
    is_distributed,
    made_windows,
    make_window,
)


def stretches(places: np.ndarray) -> list[np.ndarray]:
    """Cut places where they are not side by side."""
    return [s for s in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(s)]


def test_share_is_as_asked_for_and_orders_are_uniform_but_the_original():
    many = corrupt_many(LocalReordering())
    n_targets = sum(len(corrupted.places) for _, corrupted in many)
    assert n_targets / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.001)
    orders: Counter[tuple[int, ...]] = Counter()
    for window, corrupted in many:
        for places in stretches(corrupted.places):
            if len(places) == 3:
                read = corrupted.ids[places] - window.ids[places[0]]
                orders[tuple(read.tolist())] += 1
    assert sorted(orders) == [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    assert is_distributed(np.array(list(orders.values())), np.ones(5))


@settings(deadline=None)
@given(made_windows, st.integers(2, 6), st.floats(0.01, 1))
def test_each_stretch_is_a_permutation_and_not_the_original(window, n_pieces, share):
    corrupted = corrupt(LocalReordering(share, n_pieces), window)
    found = stretches(corrupted.places)
    for places in found:
        assert 2 <= len(places) <= n_pieces
        read, original = corrupted.ids[places].tolist(), window.ids[places].tolist()
        assert sorted(read) == original
        assert read != original
    assert corrupted.counts["stretches"] == len(found)
    is_text = window.words >= 0
    assert bool(found) == bool((is_text[1:] & is_text[:-1]).any())


def test_single_pieces_between_special_ones_stay():
    corrupted = corrupt(LocalReordering(), make_window([1], [1]))
    assert len(corrupted.places) == 0


@pytest.mark.parametrize("n_pieces", [1, 7])
def test_a_length_that_cannot_be_is_refused(n_pieces):
    with pytest.raises(SpanbertError, match=f"n_pieces from 2 to 6, .* but got {n_pieces}"):
        LocalReordering(n_pieces=n_pieces)
    with pytest.raises(SpanbertError, match="LocalReordering: expected share above 0"):
        LocalReordering(share=0)
