"""Masking of whole words, counted on 126,000 pieces."""

import numpy as np
import pytest
from hypothesis import given, settings

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.whole_word_masking import WholeWordMasking
from tests.pretraining.corruption.made_windows import (
    FIRST_OF_TEXT,
    MASK,
    N_PIECES,
    N_WINDOWS,
    corrupt,
    corrupt_many,
    is_by_frequency,
    is_distributed,
    made_windows,
    make_window,
)


def test_share_and_disguises_are_as_drawn():
    corrupted = [corrupted for _, corrupted in corrupt_many(WholeWordMasking())]
    read = np.concatenate([c.ids[c.places] for c in corrupted])
    assert len(read) / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.001)
    kinds = [read == MASK, (read > MASK) & (read < FIRST_OF_TEXT), read >= FIRST_OF_TEXT]
    assert is_distributed(np.array([kind.sum() for kind in kinds]), np.array([0.8, 0.1, 0.1]))
    assert is_by_frequency(read[kinds[1]])


def test_long_words_are_masked_nearly_as_often_as_short_ones():
    shares = np.zeros((5, 2))
    for window, corrupted in corrupt_many(WholeWordMasking()):
        sizes = np.bincount(window.words[window.words >= 0])
        masked = np.unique(window.words[corrupted.places])
        shares[:, 0] += np.bincount(sizes[masked], minlength=5)
        shares[:, 1] += np.bincount(sizes, minlength=5)
    assert (shares[1:, 0] / shares[1:, 1]).tolist() == pytest.approx([0.15] * 4, abs=0.02)


@settings(deadline=None)
@given(made_windows)
def test_words_are_whole_but_those_longer_than_the_budget(window):
    corrupted = corrupt(WholeWordMasking(), window)
    n_cut = 0
    for word in np.unique(window.words[corrupted.places]).tolist():
        pieces = np.flatnonzero(window.words == word)
        chosen = pieces[np.isin(pieces, corrupted.places)]
        assert chosen.tolist() == pieces[: len(chosen)].tolist()
        n_cut += len(chosen) < len(pieces)
    assert corrupted.counts["trimmed"] == n_cut
    if n_cut:
        assert len(corrupted.places) < 2 * (0.15 * (window.words >= 0).sum() + 1)


def test_a_window_that_is_one_long_word_is_not_masked_whole():
    corrupted = corrupt(WholeWordMasking(), make_window([100]))
    assert corrupted.places.tolist() == list(range(1, 16))
    assert corrupted.counts == {"trimmed": 1}


def test_values_that_cannot_be_are_refused():
    with pytest.raises(SpanbertError, match="WholeWordMasking: expected share above 0"):
        WholeWordMasking(share=2)
    with pytest.raises(SpanbertError, match="WholeWordMasking: expected random_share"):
        WholeWordMasking(random_share=-1)
