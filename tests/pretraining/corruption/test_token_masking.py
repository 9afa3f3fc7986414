"""Masking of single pieces, counted on 126,000 pieces."""

import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from tests.pretraining.corruption.made_windows import (
    FIRST_OF_TEXT,
    MASK,
    N_PIECES,
    N_WINDOWS,
    corrupt_many,
    is_by_frequency,
    is_distributed,
)


def test_share_disguises_and_places_are_as_drawn():
    corrupted = [corrupted for _, corrupted in corrupt_many(TokenMasking())]
    read = np.concatenate([c.ids[c.places] for c in corrupted])
    assert len(read) / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.0006)
    kinds = [read == MASK, (read > MASK) & (read < FIRST_OF_TEXT), read >= FIRST_OF_TEXT]
    assert is_distributed(np.array([kind.sum() for kind in kinds]), np.array([0.8, 0.1, 0.1]))
    assert is_by_frequency(read[kinds[1]])


def test_each_piece_is_as_likely_as_any_other():
    numbers = [
        np.searchsorted(np.flatnonzero(window.words >= 0), corrupted.places)
        for window, corrupted in corrupt_many(TokenMasking())
    ]
    found = np.bincount(np.concatenate(numbers), minlength=N_PIECES)
    assert is_distributed(found, np.ones(N_PIECES))


def test_other_shares():
    corrupted = [c for _, c in corrupt_many(TokenMasking(0.4, mask_share=1.0, random_share=0.0))]
    assert sum(len(c.places) for c in corrupted) / (N_WINDOWS * N_PIECES) == pytest.approx(
        0.4, abs=0.0006
    )
    assert all((c.ids[c.places] == MASK).all() for c in corrupted)


def test_values_that_cannot_be_are_refused():
    with pytest.raises(SpanbertError, match="TokenMasking: expected share above 0"):
        TokenMasking(share=0)
    with pytest.raises(SpanbertError, match="TokenMasking: expected mask_share and random_share"):
        TokenMasking(mask_share=1.0)
