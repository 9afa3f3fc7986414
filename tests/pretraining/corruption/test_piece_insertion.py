"""Insertion of pieces, counted on 126,000 pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.piece_insertion import PieceInsertion
from spacy_spanbert.pretraining.windows import NO_LABEL
from tests.pretraining.corruption.made_windows import (
    FIRST_OF_TEXT,
    N_PIECES,
    N_WINDOWS,
    corrupt,
    corrupt_many,
    is_by_frequency,
    is_distributed,
    made_windows,
    make_window,
)


def test_share_pieces_and_gaps_are_as_drawn():
    many = [corrupted for _, corrupted in corrupt_many(PieceInsertion())]
    inserted = np.concatenate([c.ids[c.inserted == 1] for c in many])
    assert len(inserted) / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.0006)
    assert is_by_frequency(inserted)


def test_every_gap_is_as_likely_as_any_other():
    window = make_window([1] * 20, [1] * 9)
    found = np.zeros(len(window))
    for index in range(2000):
        corrupted = corrupt(PieceInsertion(share=0.3), window, index=index)
        after = np.cumsum(corrupted.inserted != 1)[corrupted.inserted == 1]
        found += np.bincount(after, minlength=len(window))
    gaps = [*range(1, 22), *range(22, 32)]
    assert found.sum() == found[gaps].sum()
    assert is_distributed(found[gaps], np.ones(len(gaps)))


@settings(deadline=None)
@given(made_windows, st.floats(0.01, 1), st.integers(3, 60))
def test_without_what_was_inserted_the_window_is_as_before(window, share, max_window):
    corrupted = corrupt(PieceInsertion(share, max_window), window)
    original = corrupted.inserted != 1
    assert corrupted.ids[original].tolist() == window.ids.tolist()
    assert corrupted.segments[original].tolist() == window.segments.tolist()
    assert (corrupted.ids[~original] < FIRST_OF_TEXT).all()
    assert ((corrupted.inserted[original] == NO_LABEL) == (window.words < 0)).all()
    assert len(corrupted.ids) <= max(len(window), max_window)
    assert (np.diff(corrupted.segments) >= 0).all()
    assert len(corrupted.places) == 0


def test_a_full_window_has_no_room_and_says_so():
    window = make_window([1] * 100)
    assert corrupt(PieceInsertion(max_window=102), window).counts == {"no_room": 15}
    assert corrupt(PieceInsertion(max_window=112), window).counts == {"inserted": 10, "no_room": 5}
    assert corrupt(PieceInsertion(max_window=50), window).ids.tolist() == window.ids.tolist()


def test_values_that_cannot_be_are_refused():
    with pytest.raises(SpanbertError, match="PieceInsertion: expected max_window of 3 or more"):
        PieceInsertion(max_window=2)
    with pytest.raises(SpanbertError, match="PieceInsertion: expected share above 0"):
        PieceInsertion(share=0)
